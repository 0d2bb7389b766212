"""
The feature that a line names is the one it needs: without it, and only then, LLVM knows its words no more, or as something else.
features.py A64DIS [SEED]
"""
import collections
import os
import subprocess
import sys
import tempfile
import time

import alias
import llvm

A64DIS = sys.argv[1]
SEED = sys.argv[2] if len(sys.argv) > 2 else str(int(time.time()))
WORDS = 16
# ours (those of one LLVM feature together) -> LLVM's.  DPB, DPB2 and RNG only name what SYS and MRS do anyway.
FEATURES = {
    "CRC32": "crc", "CSSC": "cssc", "FLAGM": "flagm", "FLAGM2": "altnzcv", "SB": "sb", "WFxT": "wfxt", "LSE": "lse", "LOR": "lor",
    "LRCPC2": "rcpc-immo", "MOPS": "mops", "FP16": "fullfp16", "JSCVT": "jsconv", "FRINTTS": "fptoint", "BF16": "bf16",
    "AES PMULL": "aes", "SHA1 SHA256": "sha2", "SHA512 SHA3": "sha3", "FHM": "fp16fml", "RDM": "rdm", "DotProd": "dotprod",
    "I8MM": "i8mm", "FCMA": "complxnum",
}
# LLVM lets these need the first as well: FEAT_FHM needs FEAT_FP16 in the manual too; SHA3's are one extension there
# LLVM knows it only with CRm 0, which few words have
RARE = {"CFINV"}
# the register that their fields name may belong to any feature
ANY = {"MRS", "MSR_reg"}
IMPLIED = {"FP16": {"FHM", "FCMA"}, "SHA1 SHA256": {"SHA512", "SHA3"}}


def gone(full, less, names):
    """How many words of each line change when the feature goes."""
    count = collections.Counter()
    for name, with_it, without in zip(names, full, less):
        if alias.canonical(with_it or "", "") != alias.canonical(without or "", ""):
            count[name] += 1
    return count


def wrong(ours, count, feature_of):
    """Lines that do not need the feature they name, and lines that need it without saying so."""
    bad = [f"{name} is the same without {ours}" for name, f in feature_of.items() if f in ours.split() and not count[name] and name not in RARE]
    for name, n in count.items():
        f = feature_of[name]
        # a BASE line with half precision among its types needs FP16 for some of its words
        partly = ours == "FP16" and f == "BASE" and n < WORDS
        if name not in ANY and f not in ours.split() and f not in IMPLIED.get(ours, ()) and not partly:
            bad.append(f"{name} ({f}): {n} of {WORDS} words need {ours}")
    return bad


def main():
    if not llvm.tool():
        print(f"SKIP: no llvm-objdump of LLVM {llvm.NEEDED} or newer")
        return 77
    print("seed", SEED)
    lines = subprocess.run([A64DIS, "-l"], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    feature_of = dict(line.split()[:2] for line in lines)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        path, program = os.path.join(folder, "words"), os.path.join(folder, "words.o")
        subprocess.run([A64DIS, "-g", str(WORDS), SEED, path], check=True)
        words = open(path, "rb").read()
        names = [name for name in feature_of for _ in range(WORDS)]
        full = llvm.disassemble(words, program)
        for ours, theirs in FEATURES.items():
            less = llvm.disassemble(words, program, llvm.FEATURES + ",-" + theirs)
            bad = wrong(ours, gone(full, less, names), feature_of)
            print(f"{'not ok' if bad else 'ok'} feature_{'_'.join(ours.split())}" + (": " + "; ".join(bad[:8]) if bad else ""))
            good = good and not bad
    return not good


sys.exit(main())
