/*
 * dragoman doctor: what this machine offers, and what will be slow.
 */
#pragma once

#include <stdio.h>

/** Print the report.  0 when guests can run, else 1. */
int doctor_run(FILE *out);
