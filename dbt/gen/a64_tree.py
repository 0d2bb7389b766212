"""The decision tree of the decoder: nodes select a cell by some bits; a cell is another node or a short list of lines to try."""
LEAF = 1  # lines that may be tried one after another before it pays to look at more bits
WIDEST = 8


def in_order(insns):
    """Lines that go over another stand before it."""
    done, out = set(), []

    def visit(insn, by_name):
        if insn.name in done:
            return
        done.add(insn.name)
        for name in insn.under:
            visit(by_name[name], by_name)
        out.append(insn)

    by_name = {i.name: i for i in insns}
    for insn in insns:
        visit(insn, by_name)
    return out


def fits(insn, shift, width, value):
    mask = ((1 << width) - 1) << shift
    return (insn.mask & mask) & (insn.bits ^ (value << shift)) == 0


class Tree:
    """nodes: (shift, mask, base); cells: index of a list, or 0x8000 | index of a node; lists: (line, must be checked) or None."""

    def __init__(self, insns):
        self.nodes, self.cells, self.lists, self.seen, self.pool = [], [], [], {}, {}
        self.longest = 0
        self.node([(i, True) for i in in_order(insns)], 21, 11, 0, 0)

    def node(self, tries, shift, width, mask, bits):
        """A node for these lines; (word & mask) == bits holds on the way to it."""
        index = len(self.nodes)
        base = len(self.cells)
        self.nodes.append((shift, (1 << width) - 1, base))
        self.cells += [0] * (1 << width)
        mask |= ((1 << width) - 1) << shift
        for value in range(1 << width):
            here = bits | value << shift
            left = [self.judged(i, mask, here) for i, _ in tries if fits(i, shift, width, value)]
            self.cells[base + value] = self.cell([t for t in left if t], mask, here)
        return index

    @staticmethod
    def judged(insn, mask, bits):
        """The line with the need to check its condition; None when the condition refuses it."""
        truth = insn.undef.truth(mask | insn.mask, bits | insn.bits) if insn.undef else False
        return None if truth else (insn, truth is None)

    def cell(self, tries, mask, bits):
        key = tuple((i.name, check) for i, check in tries), mask, self.matter(tries) & bits
        if key not in self.seen:
            best = self.best([i for i, _ in tries], mask) if len(tries) > LEAF else None
            self.seen[key] = 0x8000 | self.node(tries, *best, mask, bits) if best else self.leaf(tries)
        return self.seen[key]

    @staticmethod
    def matter(tries):
        """The bits that open conditions look at."""
        out = 0
        for insn, check in tries:
            for name in insn.undef.names if check else ():
                f = insn.fields[name]
                out |= ((1 << f.width) - 1) << f.lo
        return out

    def best(self, insns, known):
        """The bits that leave the shortest lists, or None when no bits help."""
        found = None
        for width in range(1, WIDEST + 1):
            for shift in range(0, 33 - width):
                if known & (((1 << width) - 1) << shift):
                    continue
                counts = [sum(fits(i, shift, width, v) for i in insns) for v in range(1 << width)]
                score = (max(counts), sum(counts) / len(counts) + width / 16)
                if max(counts) < len(insns) and (found is None or score < found[0]):
                    found = score, shift, width
        return found[1:] if found else None

    def leaf(self, tries):
        key = tuple((i.name, check) for i, check in tries)
        if key not in self.pool:
            self.longest = max(self.longest, len(tries))
            self.pool[key] = len(self.lists)
            self.lists += [*tries, None]
        return self.pool[key]
