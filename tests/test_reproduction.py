"""What is committed is what the code makes: data, model, scores and submission, to the byte."""

from tests.conftest import Repository


def test_a_fresh_clone_reproduces_the_committed_results(repository: Repository) -> None:
    repository.repro()
    changed = repository.run(
        "git", "diff", "--stat", "--exit-code", "--", "dvc.lock", "metrics", "params.yaml", check=False
    )
    assert changed.returncode == 0, f"run `dvc repro` and commit what changed:\n{changed.stdout}"
    assert repository.repro() == []
