"""The decision tree of the decoder: nodes select a cell by some bits; a cell is another node or a short list of lines to try."""
LEAF = 3  # lines that may be tried one after another before it pays to look at more bits
WIDEST = 7


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
    def __init__(self, insns):
        self.nodes, self.cells, self.lists, self.seen, self.pool = [], [], [], {}, {}
        self.longest = 0
        self.node(tuple(in_order(insns)), 21, 11, 0)

    def node(self, insns, shift, width, known):
        """A node for these lines; known are the bits that were looked at on the way."""
        index = len(self.nodes)
        base = len(self.cells)
        self.nodes.append((shift, (1 << width) - 1, base))
        self.cells += [0] * (1 << width)
        known |= ((1 << width) - 1) << shift
        for value in range(1 << width):
            self.cells[base + value] = self.cell(tuple(i for i in insns if fits(i, shift, width, value)), known)
        return index

    def cell(self, insns, known):
        key = (tuple(i.name for i in insns), known)
        if key not in self.seen:
            best = self.best(insns, known) if len(insns) > LEAF else None
            self.seen[key] = 0x8000 | self.node(insns, *best, known) if best else self.leaf(insns)
        return self.seen[key]

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

    def leaf(self, insns):
        key = tuple(i.name for i in insns)
        if key not in self.pool:
            self.longest = max(self.longest, len(insns))
            self.pool[key] = len(self.lists)
            self.lists += [*insns, None]
        return self.pool[key]
