"""Conditions over fields: checked, and turned into C."""
import ast

COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
BINARY = {ast.BitAnd: "&", ast.BitOr: "|", ast.Add: "+", ast.LShift: "<<", ast.RShift: ">>", ast.BitXor: "^"}


def judge(n, known):
    """The value of an expression, None where it depends on a field that is not known."""
    if isinstance(n, ast.BoolOp):
        values = [judge(v, known) for v in n.values]
        decides = isinstance(n.op, ast.Or)
        if decides in values:
            return decides
        return None if None in values else not decides
    if isinstance(n, ast.UnaryOp):
        value = judge(n.operand, known)
        return None if value is None else not value
    if any(isinstance(m, ast.Name) and known[m.id] is None for m in ast.walk(n)):
        return None
    return eval(compile(ast.Expression(n), "condition", "eval"), {}, known)


class Expr:
    def __init__(self, line, text, fields):
        self.line, self.text, self.fields, self.names = line, text, fields, []
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            line.fail(f"condition {text!r}: not an expression")
        self.c = self.walk(tree)
        self.tree = tree

    def truth(self, mask, bits):
        """For words with (word & mask) == bits: True, False, or None when they differ or it is not known."""
        known = {}
        for name in self.names:
            f = self.fields[name]
            whole = ((1 << f.width) - 1) << f.lo
            known[name] = (bits & whole) >> f.lo if mask & whole == whole else None
        return judge(self.tree, known)

    def walk(self, n):
        if isinstance(n, ast.BoolOp):
            word = " && " if isinstance(n.op, ast.And) else " || "
            return "(" + word.join(self.walk(v) for v in n.values) + ")"
        if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not):
            return "!" + self.walk(n.operand)
        if isinstance(n, ast.Compare) and len(n.ops) == 1:
            return self.compare(self.walk(n.left), n.ops[0], n.comparators[0])
        if isinstance(n, ast.BinOp) and type(n.op) in BINARY:
            return f"({self.walk(n.left)} {BINARY[type(n.op)]} {self.walk(n.right)})"
        if isinstance(n, ast.Name):
            return self.name(n.id)
        if isinstance(n, ast.Constant) and type(n.value) is int:
            return str(n.value)
        return self.line.fail(f"condition {self.text!r}: only fields, numbers, and or not, comparisons, in (...), & | ^ + << >>")

    def compare(self, left, op, right):
        if isinstance(op, (ast.In, ast.NotIn)) and isinstance(right, ast.Tuple):
            test = " || ".join(f"{left} == {self.walk(e)}" for e in right.elts)
            return f"({test})" if isinstance(op, ast.In) else f"!({test})"
        if type(op) in COMPARE:
            return f"({left} {COMPARE[type(op)]} {self.walk(right)})"
        return self.line.fail(f"condition {self.text!r}: not a comparison")

    def name(self, name):
        if name not in self.fields:
            self.line.fail(f"condition {self.text!r}: {name} is no field of this line")
        if name not in self.names:
            self.names.append(name)
        return f"a64_{name}(w)"
