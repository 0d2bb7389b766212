/*
 * Shows what the decoder makes of words.
 *
 *   a64dis WORD...                 name and text of each (hexadecimal)
 *   a64dis -f FILE                 the same for each word of a file, at addresses from 0
 *   a64dis -l                      every line: name, feature, mask, bits, NZCV
 *   a64dis -g COUNT SEED FILE      writes COUNT random words of each line
 *   a64dis -r COUNT SEED FILE      writes COUNT random words
 *   a64dis -m COUNT SEED FILE      writes COUNT words of random lines with one or two bits turned over
 *   a64dis -t COUNT SEED           CPU time to decode a word
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dbt/a64/a64.h"

static void
show(uint32_t w, uint64_t pc)
{
	char text[256];

	a64_disasm(text, sizeof text, w, pc);
	printf("%08x %s %s\n", w, a64_info[a64_decode(w)].name, text);
}

static FILE *
need(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	return f;
}

static int
show_file(const char *path)
{
	FILE *f = need(path, "rb");
	uint32_t w;

	for (uint64_t pc = 0; fread(&w, sizeof w, 1, f) == 1; pc += 4)
		show(w, pc);
	fclose(f);
	return 0;
}

static int
list(void)
{
	for (unsigned op = A64_UNDEFINED + 1; op < A64_OPS; op++) {
		const struct a64_info *i = &a64_info[op];

		printf("%s %s %08x %08x %u\n", i->name, a64_feature_name[i->feature], i->mask,
		       i->bits, i->nzcv);
	}
	return 0;
}

static uint32_t
random_word(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407; /* Knuth's MMIX */
	return (uint32_t)(*seed >> 32);
}

/* Every line must have words: the table is reached whole. */
static int
generate(unsigned count, uint64_t seed, const char *path)
{
	FILE *f = need(path, "wb");
	int bad = 0;

	for (unsigned op = A64_UNDEFINED + 1; op < A64_OPS; op++)
		for (unsigned n = 0; n < count; n++) {
			uint32_t w = a64_random(op, &seed);

			if (a64_decode(w) != op) {
				printf("%s: no word found\n", a64_info[op].name);
				bad = 1;
				break;
			}
			fwrite(&w, sizeof w, 1, f);
		}
	return fclose(f) != 0 || bad;
}

static int
random_words(unsigned count, uint64_t seed, const char *path)
{
	FILE *f = need(path, "wb");

	for (unsigned n = 0; n < count; n++) {
		uint32_t w = random_word(&seed);

		fwrite(&w, sizeof w, 1, f);
	}
	return fclose(f) != 0;
}

static int
neighbours(unsigned count, uint64_t seed, const char *path)
{
	FILE *f = need(path, "wb");

	for (unsigned n = 0; n < count; n++) {
		uint32_t w = a64_random(1 + random_word(&seed) % (A64_OPS - 1), &seed);

		w ^= 1u << random_word(&seed) % 32;
		if (n & 1)
			w ^= 1u << random_word(&seed) % 32;
		fwrite(&w, sizeof w, 1, f);
	}
	return fclose(f) != 0;
}

static int
measure(unsigned count, uint64_t seed)
{
	static uint32_t words[4096];
	struct timespec a, b;
	unsigned sum = 0;

	for (unsigned n = 0; n < 4096; n++)
		words[n] = a64_random(1 + random_word(&seed) % (A64_OPS - 1), &seed);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	for (unsigned n = 0; n < count; n++)
		sum += a64_decode(words[n % 4096]);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	double ns = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);

	printf("%.2f ns a word (%u)\n", ns / count, sum);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-f") == 0)
		return show_file(argv[2]);
	if (argc == 2 && strcmp(argv[1], "-l") == 0)
		return list();
	if (argc == 5 && strcmp(argv[1], "-g") == 0)
		return generate((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0), argv[4]);
	if (argc == 5 && strcmp(argv[1], "-r") == 0)
		return random_words((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0), argv[4]);
	if (argc == 5 && strcmp(argv[1], "-m") == 0)
		return neighbours((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0), argv[4]);
	if (argc == 4 && strcmp(argv[1], "-t") == 0)
		return measure((unsigned)atoi(argv[2]), strtoull(argv[3], NULL, 0));
	for (int n = 1; n < argc; n++)
		show((uint32_t)strtoul(argv[n], NULL, 16), 0);
	return argc < 2;
}
