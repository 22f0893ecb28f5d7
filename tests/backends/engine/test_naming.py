"""Files get the names that their servers give them, and never the one of another file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.event import EventKind
from domonitor.jobs.names import numbered
from domonitor.jobs.request import Existing, NewFile, NewJob
from domonitor.jobs.state import FINAL, JobState
from tests.backends.engine.conftest import Engine, StartEngine
from tests.server import Answer, Cut, Hold, Origin, Pattern, Redirect, Resource, Stall

CONTENT = Pattern(300_000, seed=1)
OTHER = Pattern(300_000, seed=2)


def called(name: str, content: Pattern = CONTENT, **fields: object) -> Resource:
    """A file that its server calls so."""
    return Resource(content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, **fields)  # type: ignore[arg-type]


def add(
    engine: Engine,
    url: str,
    guess: str,
    existing: Existing = Existing.RENAME,
    *,
    auto_complete: bool = True,
    display_name: str = "",
) -> EngineJob:
    """A job as the window adds it."""
    answer = try_to_add(engine, url, guess, existing, auto_complete=auto_complete, display_name=display_name)
    assert isinstance(answer, EngineJob), answer
    return answer


def try_to_add(
    engine: Engine,
    url: str,
    guess: str,
    existing: Existing = Existing.RENAME,
    *,
    auto_complete: bool = True,
    display_name: str = "",
) -> EngineJob | Exception:
    new_file = NewFile(url, str(engine.downloads / guess), existing=existing, is_named_by_server=True)
    (answer,) = engine.manager.add_many([NewJob(display_name or guess, (new_file,), auto_complete=auto_complete)])
    return answer


def names_said(engine: Engine, job: EngineJob) -> list[str]:
    return [event.detail for event in engine.manager.timeline(job.get_id()) if event.kind is EventKind.NAMED]


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def base_name(job: EngineJob) -> str:
    (file,) = job.enum_files()
    return Path(file.get_local_name()).name


def test_a_file_gets_the_name_that_its_server_gives_it(engine: Engine, origin: Origin) -> None:
    job = add(engine, origin.add("/get.php", called("setup.exe")), "get.php")
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"setup.exe"}
    assert content(engine.downloads / "setup.exe") == CONTENT.sha256()
    assert job.get_display_name() == "setup.exe"
    assert names_said(engine, job) == ['The server calls it "setup.exe".']


def test_a_name_is_made_safe_and_the_timeline_says_into_what(engine: Engine, origin: Origin) -> None:
    job = add(engine, origin.add("/get.php", called("../../..\u202e/.CON ")), "get.php")
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"_CON"}
    assert names_said(engine, job) == ['The server calls it ".CON "; it is saved as "_CON".']


def test_the_address_that_the_server_passes_on_to_gives_the_name_where_no_header_does(
    engine: Engine, origin: Origin
) -> None:
    target = origin.add("/mirror/file-1.2.iso", Resource(CONTENT))
    job = add(engine, origin.add("/latest", Resource(faults=[Redirect(f"{target}?token=secret")])), "latest")
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"file-1.2.iso"}
    assert names_said(engine, job) == ['The server calls it "file-1.2.iso".']


@pytest.mark.parametrize("headers", [{}, {"Content-Disposition": 'attachment; filename=".."'}])
def test_a_server_that_says_nothing_usable_leaves_the_name(
    engine: Engine, origin: Origin, headers: dict[str, str]
) -> None:
    landing = origin.add("/", Resource(CONTENT, headers=headers))
    job = add(engine, origin.add("/a.bin", Resource(faults=[Redirect(landing)])), "my own.bin")
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"my own.bin"}
    assert names_said(engine, job) == []


def test_the_object_models_names_are_exact(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", called("other")), "mine"))
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert engine.on_disk == {"mine"}


def test_a_name_is_changed_while_the_file_arrives_and_the_temporary_file_keeps_its_own(
    engine: Engine, origin: Origin
) -> None:
    url = origin.add("/get.php", called("setup.exe", faults=[Stall(after_bytes=100_000)]))
    job = add(engine, url, "get.php", display_name="The installer")
    (file,) = job.enum_files()
    engine.until(lambda: file.get_local_name() == str(engine.downloads / "setup.exe"))
    assert engine.on_disk == {"*.part"}
    assert job.get_display_name() == "The installer"
    origin.mend("/get.php")
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"setup.exe"}


def test_a_new_name_outlives_a_restart_and_a_later_answer_does_not_change_it(engine: Engine, origin: Origin) -> None:
    url = origin.add("/get.php", called("setup.exe", faults=[Stall(after_bytes=100_000)]))
    job = add(engine, url, "get.php")
    engine.until(lambda: base_name(job) == "setup.exe")
    engine.stop()
    origin.add("/get.php", called("other.exe"))
    engine.start()
    job = engine.manager.get_job(job.get_id())
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"setup.exe"}


def test_another_address_does_not_rename(engine: Engine, origin: Origin) -> None:
    url = origin.add("/get.php", called("setup.exe", faults=[Cut(after_bytes=100_000), Stall(after_bytes=0, skip=1)]))
    job = add(engine, url, "get.php")
    engine.until(lambda: base_name(job) == "setup.exe")
    (file,) = job.enum_files()
    file.set_remote_name(origin.add("/mirror.exe", called("other.exe")))
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"setup.exe"}


def test_another_address_before_the_first_answer_does_not_rename_either(engine: Engine, origin: Origin) -> None:
    job = add(engine, origin.add("/a.bin", Resource(faults=[Answer(404)])), "a.bin")
    engine.until_state(job, JobState.ERROR)
    (file,) = job.enum_files()
    file.set_remote_name(origin.add("/mirror/b.bin", Resource(CONTENT)))
    job.resume()
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"a.bin"}


def test_what_is_there_stays_and_the_new_one_gets_the_next_number(engine: Engine, origin: Origin) -> None:
    for name in ("a.tar.gz", "a (2).tar.gz"):
        (engine.downloads / name).write_text("mine")
    job = add(engine, origin.add("/a.tar.gz", Resource(CONTENT)), "a.tar.gz")
    engine.until_state(job, *FINAL)
    assert engine.on_disk == {"a.tar.gz", "a (2).tar.gz", "a (3).tar.gz"}
    assert content(engine.downloads / "a (3).tar.gz") == CONTENT.sha256()
    assert (engine.downloads / "a.tar.gz").read_text() == "mine"
    assert job.get_display_name() == "a (3).tar.gz"
    assert names_said(engine, job) == ['The name "a.tar.gz" is taken; this file is saved as "a (3).tar.gz".']


def test_a_folder_and_a_link_of_that_name_are_in_the_way_too(engine: Engine, origin: Origin) -> None:
    (engine.downloads / "setup.exe").mkdir()
    (engine.downloads / "setup (2).exe").symlink_to(engine.folder / "nothing")
    job = add(engine, origin.add("/get.php", called("setup.exe")), "get.php")
    engine.until_state(job, *FINAL)
    assert content(engine.downloads / "setup (3).exe") == CONTENT.sha256()
    assert names_said(engine, job) == ['The server calls it "setup.exe"; it is saved as "setup (3).exe".']


def test_many_downloads_of_one_name_get_a_number_each(engine: Engine, origin: Origin) -> None:
    contents = [Pattern(1_000, seed=seed) for seed in range(30)]
    urls = [origin.add(f"/{at}/get.php", called("data.csv", content)) for at, content in enumerate(contents)]
    new_jobs = [
        NewJob(
            "get.php",
            (NewFile(url, str(engine.downloads / "get.php"), existing=Existing.RENAME, is_named_by_server=True),),
        )
        for url in urls
    ]
    assert all(isinstance(answer, EngineJob) for answer in engine.manager.add_many(new_jobs))
    engine.until(lambda: not engine.manager.enum_jobs())
    assert engine.on_disk == {"data.csv", *(numbered("data.csv", number) for number in range(2, 31))}
    found = {content(path) for path in engine.downloads.iterdir()}
    assert found == {one.sha256() for one in contents}


def test_a_file_that_appears_at_the_last_moment_is_never_overwritten(engine: Engine, origin: Origin) -> None:
    job = add(engine, origin.add("/a.bin", Resource(CONTENT)), "a.bin", auto_complete=False)
    engine.until_state(job, JobState.TRANSFERRED)
    for name in ("a.bin", "a (2).bin"):
        (engine.downloads / name).write_text("mine")
    assert job.complete() is False
    assert engine.on_disk == {"a.bin", "a (2).bin", "a (3).bin"}
    assert content(engine.downloads / "a (3).bin") == CONTENT.sha256()
    assert names_said(engine, job) == ['Another file got the name "a.bin" meanwhile; this one is saved as "a (3).bin".']
    (stored,) = engine.manager.stored_files(job.get_id())
    assert stored.local_name == str(engine.downloads / "a (3).bin")


@pytest.mark.expected_log("could not be written")
def test_a_late_number_that_cant_be_stored_leaves_the_file_as_it_was(engine: Engine, origin: Origin) -> None:
    job = add(engine, origin.add("/a.bin", Resource(CONTENT)), "a.bin", auto_complete=False)
    engine.until_state(job, JobState.TRANSFERRED)
    (engine.downloads / "a.bin").write_text("mine")
    with engine.full_disk(at_write=1), pytest.raises(CallFailed) as refused:
        job.complete()
    assert refused.value.code == hresult.ERROR_DISK_FULL
    assert (job.get_state(), base_name(job)) == (JobState.TRANSFERRED, "a.bin")
    assert engine.on_disk == {"a.bin", "*.part"}
    job.complete()
    assert content(engine.downloads / "a (2).bin") == CONTENT.sha256()
    assert len(origin.requests_to("/a.bin")) == 1


def test_a_number_counts_on_at_the_last_moment(engine: Engine, origin: Origin) -> None:
    (engine.downloads / "setup.exe").write_text("mine")
    job = add(engine, origin.add("/get.php", called("setup.exe")), "get.php", auto_complete=False)
    engine.until_state(job, JobState.TRANSFERRED)
    (engine.downloads / "setup (2).exe").write_text("mine too")
    job.complete()
    assert content(engine.downloads / "setup (3).exe") == CONTENT.sha256()


def test_refuse_is_an_error_that_says_which_name_and_goes_on_once_that_is_free(engine: Engine, origin: Origin) -> None:
    (engine.downloads / "setup.exe").write_text("mine")
    job = add(engine, origin.add("/get.php", called("setup.exe")), "get.php", Existing.REFUSE)
    engine.until_state(job, JobState.ERROR)
    error = job.get_error()
    assert error.get_error()[1] == hresult.ERROR_FILE_EXISTS
    assert error.get_error_description() == (
        'The server calls it "setup.exe", and a file or a folder of that name is already there.'
    )
    assert error.get_file().get_local_name() == str(engine.downloads / "get.php")
    (engine.downloads / "setup.exe").unlink()
    job.resume()
    engine.until_state(job, *FINAL)
    assert content(engine.downloads / "setup.exe") == CONTENT.sha256()


@pytest.mark.parametrize("existing", [Existing.REFUSE, Existing.REPLACE])
def test_without_numbers_two_downloads_never_go_to_one_file(engine: Engine, origin: Origin, existing: Existing) -> None:
    first = add(engine, origin.add("/1", called("setup.exe", faults=[Stall(after_bytes=100_000)])), "1", existing)
    engine.until(lambda: base_name(first) == "setup.exe")
    second = add(engine, origin.add("/2", called("setup.exe", OTHER)), "2", existing)
    engine.until_state(second, JobState.ERROR)
    assert "another download already goes there" in second.get_error().get_error_description()
    origin.mend("/1")
    engine.until_state(first, *FINAL)
    assert content(engine.downloads / "setup.exe") == CONTENT.sha256()


def test_replace_overwrites_under_the_servers_name_but_never_a_folder(engine: Engine, origin: Origin) -> None:
    (engine.downloads / "setup.exe").write_text("old")
    (engine.downloads / "folder").mkdir()
    job = add(engine, origin.add("/get.php", called("setup.exe")), "get.php", Existing.REPLACE)
    engine.until_state(job, *FINAL)
    assert content(engine.downloads / "setup.exe") == CONTENT.sha256()
    job = add(engine, origin.add("/other.php", called("folder")), "other.php", Existing.REPLACE)
    engine.until_state(job, JobState.ERROR)
    assert (engine.downloads / "folder").is_dir()


def test_refuse_refuses_the_first_guess_at_once(engine: Engine, origin: Origin) -> None:
    (engine.downloads / "a.bin").write_text("mine")
    refusal = try_to_add(engine, origin.add("/a.bin", Resource(CONTENT)), "a.bin", Existing.REFUSE)
    assert isinstance(refusal, CallFailed)
    assert refusal.code == hresult.ERROR_FILE_EXISTS
    assert engine.on_disk == {"a.bin"}


def test_a_name_that_is_let_go_is_free_for_others(engine: Engine, origin: Origin) -> None:
    first = add(engine, origin.add("/get.php", called("setup.exe", faults=[Stall(after_bytes=100_000)])), "get.php")
    engine.until(lambda: base_name(first) == "setup.exe")
    second = add(engine, origin.add("/2", Resource(CONTENT, faults=[Hold()])), "get.php", Existing.REFUSE)
    assert base_name(second) == "get.php"
    first.cancel()
    third = add(engine, origin.add("/3", Resource(CONTENT, faults=[Hold()])), "setup.exe", Existing.REFUSE)
    assert base_name(third) == "setup.exe"


@pytest.mark.expected_log("could not be written")
def test_a_name_that_cant_be_stored_is_not_taken(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine()
    url = origin.add("/get.php", called("setup.exe", faults=[Hold()]))
    job = add(engine, url, "get.php")
    origin.wait_requests("/get.php", 1)
    with engine.full_disk(writes=1):
        origin.mend("/get.php")
        engine.until_state(job, JobState.ERROR)
    assert (base_name(job), job.get_display_name()) == ("get.php", "get.php")
    (engine.downloads / "setup.exe").write_text("mine")
    job.resume()
    engine.until_state(job, *FINAL)
    assert content(engine.downloads / "setup (2).exe") == CONTENT.sha256()


def test_a_name_that_is_too_long_for_its_folder_is_shortened(engine: Engine, origin: Origin) -> None:
    (engine.downloads / ("n" * 250 + ".bin")).write_text("mine")
    job = add(engine, origin.add("/get.php", called("n" * 300 + ".bin")), "get.php")
    engine.until_state(job, *FINAL)
    assert content(engine.downloads / ("n" * 246 + " (2).bin")) == CONTENT.sha256()
