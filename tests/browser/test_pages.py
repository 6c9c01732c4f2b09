"""Pages of the examples in Chromium: what is live on them is."""

import pytest

OUTPUT = "document.querySelector('#{0} output').textContent"


@pytest.fixture
def page(browser, example):
    """The page, opened."""
    browser.open(example("demo").url + "/")
    return browser


def press(page, section, *fields, button="button"):
    """Fills fields of a section's form, in order, and presses a button of it."""
    for i, value in enumerate(fields):
        page.ask(f"document.querySelectorAll('#{section} input')[{i}].value = {value!r}")
    page.ask(f"document.querySelector('#{section} {button}').click()")


def answer(page, section, words):
    """The answer that a section shows, when these words are in it."""
    output = OUTPUT.format(section)
    return page.wait_for(f"{output}.includes({words!r}) && {output}")


def test_figures_and_the_counter_go_on(page):
    figure = "document.querySelector('[data-figure={}]').textContent"
    page.wait_for(figure.format("resident") + ".endsWith('MiB')")
    assert page.ask(figure.format("poller")) == "epoll"
    before = int(page.wait_for(figure.format("count")))
    page.wait_for(figure.format("count") + f" > {before}")


def test_a_slow_handler_does_not_stop_the_counter(page):
    count = "+document.querySelector('[data-figure=count]').textContent"
    before = page.wait_for(count)
    press(page, "slow", "1")
    page.wait_for(f"{count} > {before}")
    assert "held nobody up" in answer(page, "slow", "slept 1 s")


def test_forms_show_what_is_answered(page):
    press(page, "routes", "Grace & co", "2")
    assert "200 OK" in answer(page, "routes", "Hello, Grace & co!\nHello, Grace & co!")
    press(page, "routes", "Grace", "9")
    answer(page, "routes", "400 Bad Request")
    press(page, "json")
    assert "200 OK" in answer(page, "json", '"knots":12')
    press(page, "state")
    assert "200 OK" in answer(page, "state", '"yours":1,"everybodys":1')


def test_a_stream_is_shown_as_it_comes(page):
    press(page, "streaming", "30")
    assert "tick 30" not in answer(page, "streaming", "tick 1 of 30\n")
    answer(page, "streaming", "tick 2 of 30\n")


def test_an_upload_is_counted(page):
    page.ask("""
        const chosen = new DataTransfer()
        chosen.items.add(new File(['x'.repeat(100000)], 'x.txt'))
        document.querySelector('#upload input').files = chosen.files""")
    press(page, "upload")
    assert "200 OK" in answer(page, "upload", '"bytes":100000')


def test_a_form_says_what_is_wrong_beside_each_field(page):
    wrong = "[...document.querySelectorAll('#forms .wrong')].map(e => e.textContent)"
    press(page, "forms", "", "ada", "17")
    assert "422" in answer(page, "forms", "some fields are not valid")
    page.wait_for(f"""{wrong}.join() ==
                   'what shall we call you?,"ada" has no @,a number from 18 on, please'""")
    press(page, "forms", "Ada", "a@b", "36")
    answer(page, "forms", "Welcome, Ada, aged 36")
    page.wait_for(f"{wrong}.join() == ',,'")


@pytest.mark.parametrize("label, status", [
    ("404", "404 Not Found"), ("raise", "400 Bad Request"), ("500", "500 Internal Server Error"),
    ("code", "500 Internal Server Error"), ("timeout", "504 Gateway Timeout"),
    ("405", "405 Method Not Allowed")])
def test_errors_are_shown(page, label, status):
    labels = ["404", "raise", "500", "code", "timeout", "405"]
    press(page, "errors", button=f"button:nth-of-type({labels.index(label) + 1})")
    answer(page, "errors", status)


def test_a_note_of_somebody_else_appears(page):
    notes = "[...document.querySelectorAll('#board li')].map(e => e.textContent).join()"
    page.ask("fetch('/notes', {method: 'POST', body: new URLSearchParams({text: '<b>1</b>'})})")
    page.wait_for(f"{notes} == '<b>1</b>'")
    press(page, "notes", "mine")
    page.wait_for(f"{notes} == 'mine,<b>1</b>'")
    page.wait_for("document.querySelector('#notes input').value == ''")


def test_the_form_works_without_scripts(browser, example):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(example("demo").url + "/signup")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.ask("document.querySelector('form').submit()")
    browser.wait_for("document.querySelector('.wrong').textContent == 'what shall we call you?'")


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(browser, example, width):
    browser.open(example("demo").url + "/", width)
    assert browser.ask("document.documentElement.scrollWidth") <= width


def test_chat_says_what_was_said(browser, example):
    browser.open(example("longpoll").url + "/")
    browser.ask("""
        document.querySelector('input').value = 'hello <there>'
        document.querySelector('button').click()""")
    browser.wait_for("document.querySelector('li')?.textContent == 'hello <there>'")


@pytest.mark.parametrize("name", ["demo", "longpoll"])
def test_pages_raise_nothing(browser, example, name):
    url = example(name).url
    browser.open(f"{url}/")
    assert browser.complaints(url) == []
    browser.ask("fetch('/nowhere').then(response => response.text())")
    assert len(browser.complaints(url)) == 1  # it would have been seen
