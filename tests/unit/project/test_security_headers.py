"""What every answer says about itself."""

from ostiary.project.security_headers import protect


def made(*, data: bool = False, secure: bool = True, private: bool = False) -> dict[str, str]:
    headers: dict[str, str] = {}
    protect(headers, data=data, secure=secure, private=private)
    return headers


def test_a_page_runs_our_own_code_alone() -> None:
    policy = dict(part.split(" ", 1) for part in made()["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert not any("unsafe" in value or "*" in value or "http" in value for value in policy.values())


def test_every_answer_is_guarded() -> None:
    for headers in (made(), made(data=True)):
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_what_is_for_one_person_is_not_stored() -> None:
    assert made(private=True)["Cache-Control"] == "no-store"
    assert made(data=True)["Cache-Control"] == "no-store"
    assert "Cache-Control" not in made()


def test_the_browser_is_told_to_insist_on_tls_where_there_is_tls() -> None:
    assert "max-age=31536000" in made(secure=True)["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in made(secure=False)


def test_what_is_to_be_saved_runs_nothing_where_it_is_shown_after_all() -> None:
    for data in (True, False):
        headers = {"Content-Disposition": 'attachment; filename="a.svg"'}
        protect(headers, data=data, secure=True, private=True)
        assert headers["Content-Security-Policy"].endswith("; sandbox")
        assert "'self'" not in headers["Content-Security-Policy"]
        assert "sandbox" not in made(data=data)["Content-Security-Policy"]
