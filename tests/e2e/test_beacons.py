"""Pages of another origin in a real browser send beacons in each form that browsers have, and each is counted."""

from pathlib import Path
from typing import Final

from schemas.links import Link
from tests.e2e.browser import browser
from tests.e2e.pages import Pages
from tests.integration.serve_process import LINKS, Serve, wait_for, write_links
from tests.tokens import bearer_of

SHOWN: Final = '{link: "go.example/launch", kind: "viewable"}'
FORMS: Final = {
    "beacon of a JSON Blob": 'navigator.sendBeacon(url, new Blob([item], {type: "application/json"}))',
    "beacon of text": "navigator.sendBeacon(url, item)",
    "fetch without credentials": 'await send({credentials: "omit"})',
    "fetch with credentials": 'await send({credentials: "include"})',
    "fetch that outlives the page": 'await send({credentials: "include", keepalive: true})',
    "fetch of text": 'await send({headers: {"Content-Type": "text/plain"}})',
    "fetch that may not read the answer": 'await fetch(url, {method: "POST", body: item, mode: "no-cors"})',
    "fetch of a gzip body": """
        const packed = new Blob([item]).stream().pipeThrough(new CompressionStream("gzip"))
        const body = await new Response(packed).blob()
        const headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        await send({body, headers, credentials: "include"})""",
    "fetch with a token and a key": f"""
        const headers = {{Authorization: "Bearer {bearer_of(1)}", "Idempotency-Key": "1"}}
        await send({{headers, credentials: "include"}})""",
    "XMLHttpRequest with credentials": """
        await new Promise((done, failed) => {
            const request = new XMLHttpRequest()
            request.open("POST", url)
            request.withCredentials = true
            request.setRequestHeader("Content-Type", "application/json")
            request.onload = () => request.status == 202 ? done() : failed(request.status)
            request.onerror = failed
            request.send(item)
        })""",
}
PAGE: Final = """<!doctype html><title>A page of another origin</title><script>
const url = "http://127.0.0.1:%d/v1/impressions"
const item = JSON.stringify(%s)
async function send(options) {
    const usual = {method: "POST", body: item, headers: {"Content-Type": "application/json"}}
    const answer = await fetch(url, {...usual, ...options})
    const said = await answer.json()
    if (answer.status != 202 || said.accepted != 1) throw new Error(answer.status + " " + JSON.stringify(said))
}
</script>"""


async def test_beacons_of_each_form_that_browsers_have_are_counted_from_another_origin(
    tmp_path: Path, pages: Pages
) -> None:
    write_links(tmp_path / "links")
    with Serve(tmp_path) as serve:
        pages.show(PAGE % (serve.port, SHOWN))
        async with browser() as running:
            page = await running.new_page()
            await page.goto(pages.origin)
            for number, (form, script) in enumerate(FORMS.items(), 1):
                try:
                    await page.evaluate(f"async () => {{ {script} }}")
                except Exception as error:
                    raise AssertionError(f"{form} failed") from error
                wait_for(lambda wanted=number: len(serve.events()) == wanted)
        events = serve.events()
        assert {(event["link"], event["kind"], event["source"]) for event in events} == {
            ("go.example/launch", "viewable", "beacon"),
            ("go.example/launch", "viewable", "api"),
        }
        assert sum("Chrome" in event.get("ua", "") for event in events) == len(FORMS) - 1


async def test_a_link_that_names_its_pages_takes_beacons_from_these_alone(tmp_path: Path, pages: Pages) -> None:
    ours, others = (
        Link(domain="go.example", slug=slug, destination="https://example.com/", origins=(origin,))
        for slug, origin in (("ours", pages.origin), ("others", "https://www.example.com"))
    )
    write_links(tmp_path / "links", [*LINKS, ours, others])
    with Serve(tmp_path) as serve:
        pages.show(PAGE % (serve.port, SHOWN))
        async with browser() as running:
            page = await running.new_page()
            await page.goto(pages.origin)
            sent = await page.evaluate(
                """async () => {
                    const items = ["ours", "others"].map(slug => ({link: "go.example/" + slug, kind: "rendered"}))
                    const body = JSON.stringify(items)
                    const answer = await fetch(url, {method: "POST", body, credentials: "include"})
                    return await answer.json()
                }"""
            )
            assert sent["accepted"] == 1
            assert "takes no impressions from pages of http://localhost" in sent["rejected"][0]["error"]
            await page.evaluate(
                """() => {
                    const items = ["ours", "others"].map(slug => ({link: "go.example/" + slug, kind: "viewable"}))
                    return navigator.sendBeacon(url, JSON.stringify(items))
                }"""
            )
            wait_for(lambda: len(serve.events()) > 1)
        assert [(event["link"], event["kind"]) for event in serve.events()] == [
            ("go.example/ours", "rendered"),
            ("go.example/ours", "viewable"),
        ]
