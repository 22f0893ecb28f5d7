"""A job's error as text to hand on, plain or as Markdown, without anything secret."""

from __future__ import annotations

from domonitor.jobs.job import Job
from domonitor.words import text
from domonitor.words.failure import Failure
from domonitor.words.masking import masked


def facts(job: Job, told: Failure, tried: str) -> tuple[tuple[str, str], ...]:
    """The facts with their titles, as the panel shows them; each may be copied, so nothing in them is secret."""
    rows = [(title, words) for title, words in told.facts[:-1]]
    if told.meaning and told.meaning != told.description:
        rows.append((text.tr("Meaning"), told.meaning))
    rows.append((text.tr("When"), tried))
    rows.append((text.tr("Service"), f"{text.service(job.key.service)}, {job.key.id}"))
    return tuple((title, masked(words)) for title, words in rows)


def as_text(job: Job, told: Failure, sentence: str, tried: str) -> str:
    """All of it as plain text. sentence: what stands below the headline. tried: how often, and when."""
    lines = [f"{job.display_name}: {told.headline}", sentence, told.remedy, ""]
    lines += [f"{title}: {words}" for title, words in facts(job, told, tried)]
    return masked("\n".join([*lines, *filter(None, (told.recorded, told.retry))]))


def as_markdown(job: Job, told: Failure, sentence: str, tried: str) -> str:
    """All of it as Markdown, for a site where questions are asked."""
    lines = [f"### {_plain(job.display_name)}: {_plain(told.headline)}", "", _plain(sentence), ""]
    lines += [f"{number}. {_plain(step)}" for number, step in enumerate(told.steps, 1)]
    lines += ["", "| | |", "|---|---|"]
    lines += [f"| {title} | {_cell(words)} |" for title, words in facts(job, told, tried)]
    ends = [_plain(words) for words in (told.recorded, told.retry) if words]
    return masked("\n".join([*lines, "", *ends]).rstrip() + "\n")


def _plain(words: str) -> str:
    """Words in which nothing is taken for Markdown."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in " ".join(words.split()))


def _cell(words: str) -> str:
    """A fact as code, lines parted; a code span shows every sign as it is, but for the column's mark."""
    lines = (line.strip().replace("`", "'").replace("|", "\\|") for line in words.splitlines())
    return "<br>".join(f"`{line}`" for line in lines if line)
