"""Whether a table in LaTeX can compile, as far as that shows without LaTeX."""

import re

MAY_STAND_RAW = re.compile(r"[ -~\n]|[¡-ž]")  # and the latter, of Latin letters, only those in LaTeX's default font
NEEDS_T1 = set("«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲų")


def faults(text):
    """Return what would stop LaTeX or be shown as something else in a table that pandas wrote."""
    found = [letter for letter in text if not MAY_STAND_RAW.fullmatch(letter) or letter in NEEDS_T1]
    bare = re.sub(r"\\[&%$#_{}\\]", "", text)  # without escaped signs and ends of rows
    found += re.findall(r"[%#~^_|<>]", re.sub(r"\\\w+", "", bare))
    depth = 0
    for sign in re.findall(r"[{}]", bare):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            break
    if depth:
        found.append("unbalanced braces")
    if bare.count("$") % 2:
        found.append("odd number of $")
    begins, ends = (re.findall(rf"\\{word}\{{(\w+)\}}", bare) for word in ("begin", "end"))
    if begins != ends[::-1]:
        found.append("environments")
    columns = len(re.search(r"\\begin\{(?:tabular|longtable)\}\{([lrc]+)\}", text)[1])
    for row in re.findall(r"^(.*) \\\\$", text, re.MULTILINE):
        if not row.startswith((r"\caption", r"\multicolumn")) and len(re.findall(r"(?<!\\)&", row)) != columns - 1:
            found.append(f"cells: {row}")
        if row.startswith(("[", "*")):
            found.append(f"read as an argument of the line break: {row}")
    return found
