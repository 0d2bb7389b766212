"""Lines of a data file with their place; complaints that carry it."""
import sys


class SpecError(Exception):
    pass


class Line:
    def __init__(self, path, number, text):
        self.path, self.number, self.text = path, number, text

    @property
    def where(self):
        return f"{self.path.rsplit('/', 1)[-1]}:{self.number}"

    def fail(self, message):
        raise SpecError(f"{self.where}: {message}")


def read(path):
    """Every line that says something; a comment is a line that begins with #."""
    lines = []
    with open(path, encoding="utf-8") as f:
        for number, raw in enumerate(f, 1):
            text = raw.rstrip("\n")
            if text.lstrip().startswith("#") or not text.strip():
                continue
            lines.append(Line(path, number, text))
    return lines


def run(main):
    try:
        main()
    except SpecError as e:
        print(e, file=sys.stderr)
        sys.exit(1)
