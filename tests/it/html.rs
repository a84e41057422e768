//! The HTML report in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Browser, Dir, Lab, Peer, Program};

/// A scenario file about a peer that refuses one sender and insults whoever asks for
/// `b@x.test`.
const SCENARIOS: &str = r#"
suite: <b>Relay</b> & "more"
tags: [relay, 'a "tag"']
defaults: { target: peer, mail_from: a@x.test, rcpt_to: "$(to)@x.test" }
vars: { to: partner }
scenarios:
  - name: to $(to) as $(p1)
    mail_from: $(p1)
    matrix:
      p1: [a@x.test, b@x.test]
      to: [partner, stranger, own]
    expect: 250
    except:
      - { when: { to: stranger }, expect: 550 5.7.64 }
  - name: "</script><script>hit = 1</script><img src=x onerror='hit = 1'> \" ' &amp; `"
    vars: { to: b }
    tags: [hostile]
    expect: 250
  - name: nobody is there
    target: 127.0.0.1:1
    expect: 250
  - name: not today
    skip: <i>because</i> of the weather
    expect: 250
"#;

/// What the peer says to `b@x.test`.
const HOSTILE: &str = "550 5.7.1 </script><script>hit = 1</script><img src=x onerror=hit=1> \u{202e}txt.exe \u{1b}[31m ]]> --> <!-- \"'\r\n";

/// The report of a run of them, in a folder that must stay.
fn report() -> (Dir, PathBuf) {
    let dir = Dir::new();
    let peer = Peer::play(|conn| {
        conn.say("220 peer.test ESMTP\r\n")?;
        let mut stranger = false;
        loop {
            let line = conn.line()?;
            match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => conn.say("250-peer.test Hello\r\n250-SIZE 1000\r\n250 HELP\r\n")?,
                "MAIL" => {
                    stranger = line.contains("b@x.test");
                    conn.say("250 2.1.0 Sender OK\r\n")?;
                }
                "RCPT" if line.contains("<b@") => conn.say(HOSTILE)?,
                "RCPT" if line.contains("stranger") || (stranger && line.contains("partner")) => {
                    conn.say("550 5.7.64 TenantAttribution; Relay Access Denied\r\n")?;
                }
                "DATA" => {
                    conn.say("354 go\r\n")?;
                    conn.message()?;
                    conn.say("250 2.6.0 Queued\r\n")?;
                }
                "QUIT" => return conn.say("221 2.0.0 bye\r\n"),
                _ => conn.say("250 2.1.5 OK\r\n")?,
            }
        }
    });
    dir.write("relayprobe.yaml", format!("targets: {{ peer: {{ address: \"{}\" }} }}\n", peer.address()));
    dir.write("relay.yaml", SCENARIOS);
    let ran = Program::new(
        dir.path(),
        ["run", "relay.yaml", "--report", "html=report.html", "--report", "json=report.json"],
    )
    .run();
    ran.status(3);
    let file = dir.join("report.html");
    (dir, file)
}

/// The text of what a selector finds, as it is drawn.
fn text(browser: &mut Browser, selector: &str) -> String {
    let selector = json!(selector);
    let text = browser.eval(&format!("document.querySelector({selector}).innerText"));
    text.as_str().unwrap_or_else(|| panic!("{selector}: {text}")).to_owned()
}

/// How many drawn elements a selector finds.
fn count(browser: &mut Browser, selector: &str) -> u64 {
    let selector = json!(selector);
    let count = format!("[...document.querySelectorAll({selector})].filter(e => e.checkVisibility()).length");
    browser.eval(&count).as_u64().expect("a number")
}

/// Waits until something is so: what is off the screen is laid out a frame after it has
/// come into view, and a busy machine takes its time.
fn until(browser: &mut Browser, condition: &str) {
    let so = browser.eval(&format!(
        "new Promise(done => {{ let left = 250; const look = () => ({condition}) ? done(true) \
         : --left ? setTimeout(look, 20) : done(false); look(); }})"
    ));
    assert_eq!(so, true, "{condition}");
}

/// Types into the filter and waits until it is applied.
fn filter(browser: &mut Browser, text: &str) {
    let text = json!(text);
    browser.eval(&format!(
        "{{ const f = document.getElementById('text'); f.value = {text}; \
         f.dispatchEvent(new Event('input', {{ bubbles: true }})); }}"
    ));
    until(browser, &format!("new URLSearchParams(location.hash.slice(2)).get('q') === {text}"));
}

#[test]
fn the_page_opens_without_a_complaint_and_tells_the_verdict_first() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    browser.visit(&file, "");
    assert_eq!(browser.problems(), Vec::<String>::new());
    let verdict = text(&mut browser, "h1");
    assert!(
        verdict.contains("2 of 9 cases failed, 1 did not reach the server, against 127.0.0.1:1 and peer."),
        "{verdict}"
    );
    assert_eq!(count(&mut browser, "#failures .card"), 3);
    let failed = text(&mut browser, "#failures");
    for said in
        ["expected", "250", "550 5.7.64 TenantAttribution; Relay Access Denied", "relayprobe run", "to do"]
    {
        assert!(failed.contains(said), "{said}\n{failed}");
    }
    // Failures, then the grid, then the charts, then everything.
    let sections = browser.eval("[...document.querySelectorAll('main > section')].map(s => s.id)");
    assert_eq!(sections, json!(["failures", "combinations", "timing", "cases"]));
    // Nothing is fetched, and no script but ours is obeyed.
    assert_eq!(browser.eval("performance.getEntriesByType('resource').length"), 0);
}

#[test]
fn the_grid_shows_which_combinations_relay() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    browser.visit(&file, "");
    let rows = browser.eval(
        "[...document.querySelectorAll('.grid tr')].map(row => [...row.cells].map(cell => cell.innerText.replace(/\\s+/g, ' ').trim()))",
    );
    assert_eq!(
        rows,
        json!([
            ["", "p1"],
            ["to", "a@x.test", "b@x.test"],
            ["partner", "✓ 250 2.6.0", "✗ 550 5.7.64 not 250"],
            ["stranger", "✓ 550 5.7.64", "✓ 550 5.7.64"],
            ["own", "✓ 250 2.6.0", "✓ 250 2.6.0"],
        ])
    );
    assert_eq!(text(&mut browser, ".grid figcaption"), "to to as p1");
    assert_eq!(
        browser.eval("document.querySelectorAll('.grid figcaption em').length"),
        2,
        "the variables' names"
    );
    // A cell leads to its case.
    browser.eval("document.querySelector('.grid a.failed').click()");
    until(&mut browser, "document.activeElement.parentElement.id === 'relay/to-partner-as-b-x-test'");
}

#[test]
fn hostile_text_shows_as_text() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    for rest in ["", "#?q=%3Cscript%3E&tag=hostile", "#</script><script>hit=1</script>"] {
        browser.visit(&file, rest);
        assert_eq!(browser.problems(), Vec::<String>::new(), "{rest}");
        assert_eq!(browser.eval("typeof hit"), "undefined", "{rest}");
        assert_eq!(
            browser.eval("document.querySelectorAll('img, iframe, link, [style], [onerror]').length"),
            0
        );
    }
    browser.visit(&file, "");
    let said = [
        r#"</script><script>hit = 1</script><img src=x onerror='hit = 1'> " ' &amp; `"#,
        r#"550 5.7.1 </script><script>hit = 1</script><img src=x onerror=hit=1> \u{202E}txt.exe \x1B[31m ]]> --> <!-- "'"#,
        r#"<b>Relay</b> & "more""#,
    ];
    for said in said {
        until(&mut browser, &format!("document.querySelector('main').innerText.includes({})", json!(said)));
    }
    let page = text(&mut browser, "main");
    assert!(!page.contains('\u{202e}'));
    let skipped = browser.eval("document.querySelector('#cases details.skipped').textContent");
    assert!(skipped.as_str().is_some_and(|text| text.contains("<i>because</i> of the weather")), "{skipped}");
}

#[test]
fn the_filter_the_links_and_the_keys_work() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    browser.visit(&file, "");
    assert_eq!(count(&mut browser, "#cases [data-o]"), 9);
    filter(&mut browser, "5.7.64 stranger");
    assert_eq!(count(&mut browser, "#cases [data-o]"), 2);
    assert_eq!(count(&mut browser, "#failures .card"), 0);
    assert_eq!(text(&mut browser, "#shown"), "2 of 9");
    assert_eq!(count(&mut browser, ".grid .cell:not(.dim)"), 2);
    assert_eq!(browser.eval("location.hash"), "#?q=5.7.64+stranger");
    browser.press("Escape");
    assert_eq!((count(&mut browser, "#cases [data-o]"), text(&mut browser, "#shown")), (9, String::new()));

    // By outcome and by tag, as a link.
    browser.visit(&file, "#?outcome=failed&outcome=error");
    assert_eq!(count(&mut browser, "#cases [data-o]"), 3);
    browser.visit(&file, "#?tag=a+%22tag%22");
    assert_eq!(count(&mut browser, "#cases [data-o]"), 8);
    browser.visit(&file, "#?tag=hostile&outcome=passed");
    assert_eq!(count(&mut browser, "#cases [data-o]"), 0);

    // A link to a case opens it, out of a filter as well.
    browser.visit(&file, "#relay/to-own-as-a-x-test");
    let open = browser.eval("[...document.querySelectorAll('#cases details[open]')].map(d => d.id)");
    assert_eq!(open, json!(["relay/to-own-as-a-x-test"]));
    until(
        &mut browser,
        "document.querySelector('#cases details[open]').innerText.includes('MAIL FROM:<a@x.test>')",
    );
    browser.eval("location.hash = '#?q=stranger'; new Promise(r => setTimeout(r, 100))");
    browser.eval("location.hash = '#relay/to-own-as-b-x-test'");
    until(&mut browser, "document.getElementById('relay/to-own-as-b-x-test').checkVisibility()");

    // Keys: next, next, open; what failed; the filter.
    browser.visit(&file, "");
    let here = |browser: &mut Browser| browser.eval("(document.activeElement.parentElement || {}).id");
    browser.press("j");
    let first = here(&mut browser);
    browser.press("j");
    let second = here(&mut browser);
    assert_ne!(first, second);
    browser.press("k");
    assert_eq!(here(&mut browser), first);
    let open = |browser: &mut Browser| browser.eval("document.activeElement.parentElement.open");
    let before = open(&mut browser);
    browser.press("o");
    assert_eq!(open(&mut browser), json!(!before.as_bool().unwrap()));
    browser.press("f");
    until(
        &mut browser,
        "[...document.querySelectorAll('#cases [data-o]')].filter(box => box.checkVisibility()).length === 3",
    );
    browser.press("/");
    assert_eq!(browser.eval("document.activeElement.id"), "text");
    browser.press("j");
    assert_eq!(browser.eval("document.activeElement.id"), "text", "in the field a letter is a letter");
    assert_eq!(browser.problems(), Vec::<String>::new());
}

#[test]
fn a_bar_and_its_reply_light_up_together() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    browser.visit(&file, "#relay/to-partner-as-b-x-test");
    let stages = "[...document.querySelectorAll('.card[open] .fall li:not(.scale)')].map(li => li.firstChild.textContent)";
    let shown = browser.eval(stages);
    let expected = json!(["connect", "greeting", "ehlo", "mail_from", "rcpt_to", "quit"]);
    assert_eq!(shown.as_array().map(|all| all[..6].to_vec()), expected.as_array().cloned(), "{shown}");
    let at = browser.eval(
        "(() => { const r = document.querySelector('.card[open] .fall [data-s=\"4\"]').getBoundingClientRect(); return [r.x + 30, r.y + 5] })()",
    );
    browser.point(at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    for said in ["RCPT TO:<partner@x.test>", "550 5.7.64"] {
        until(&mut browser, &format!("document.querySelector('.said .lit')?.innerText.includes('{said}')"));
    }
    assert_eq!(count(&mut browser, ".lit"), 2);
}

/// The least contrast of any drawn text with what is behind it (WCAG 2.2, 1.4.3), and
/// the texts below 4.5.
const CONTRAST: &str = r#"(() => {
  const rgba = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (at) => {
    const layers = [];
    for (; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = [];
  let least = 21, texts = 0;
  for (let node; (node = walk.nextNode());) {
    const at = node.parentElement;
    if (!node.data.trim() || !at.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true }) || ['SCRIPT', 'OPTION'].includes(at.tagName)) continue;
    const style = getComputedStyle(at);
    const ink = rgba(at.namespaceURI.endsWith('svg') ? style.fill : style.color);
    if (ink[3] === 0) continue;
    const paper = behind(at);
    const [a, b] = [light(over(ink, paper)), light(paper)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    texts += 1;
    least = Math.min(least, ratio);
    if (ratio < 4.5) low.push([node.data.slice(0, 40), at.className, style.color, paper, ratio]);
  }
  return { least, texts, low };
})()"#;

#[test]
fn every_text_has_the_contrast_of_wcag_aa_in_light_and_dark_and_on_paper() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    browser.visit(&file, "#?q=peer");
    browser.eval("document.querySelectorAll('details').forEach(d => { d.open = true })");
    for (medium, dark) in [("screen", false), ("screen", true), ("print", true)] {
        browser.media(medium, dark);
        let seen: Value = browser.eval(CONTRAST);
        assert_eq!(seen["low"], json!([]), "{medium} {dark}");
        assert!(seen["texts"].as_u64() > Some(200), "{seen}");
    }
    browser.media("screen", false);
    let light = browser.eval("getComputedStyle(document.body).backgroundColor");
    browser.media("screen", true);
    assert_ne!(browser.eval("getComputedStyle(document.body).backgroundColor"), light);
    browser.media("print", true);
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor"), light, "paper is white");
}

/// By how much the page is wider than the window, and what is.
const TOO_WIDE: &str = "[Math.max(0, document.documentElement.scrollWidth - innerWidth), \
     ...[...document.querySelectorAll('body *')].filter(e => e.clientWidth && !e.closest('.scroll') && \
     getComputedStyle(e).overflowX == 'visible' && e.scrollWidth > e.clientWidth + 2).map(e => e.outerHTML.slice(0, 80))]";

#[test]
fn a_narrow_window_and_a_sheet_of_paper_hold_the_page() {
    let Some(mut browser) = Browser::open("html", 360, 800) else { return };
    let (_dir, file) = report();
    browser.visit(&file, "");
    browser.eval("document.querySelectorAll('details').forEach(d => { d.open = true })");
    let wide = browser.eval(TOO_WIDE);
    assert_eq!(wide[0], 0, "{wide:#}");

    // A4 less its margins; what failed is printed whole, whether it stands open or not.
    browser.size(718, 1000);
    browser.media("print", false);
    browser.visit(&file, "");
    browser.eval("document.querySelectorAll('details').forEach(d => { d.open = false })");
    let wide = browser.eval(TOO_WIDE);
    assert_eq!(wide[0], 0, "{wide:#}");
    assert_eq!(count(&mut browser, ".bar, .keys"), 0);
    let failed = text(&mut browser, "#failures");
    for said in ["MAIL FROM:<b@x.test>", "550 5.7.64", "relayprobe run"] {
        assert!(failed.contains(said), "{said}\n{failed}");
    }
}

#[test]
fn what_matters_reads_where_no_script_runs() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (_dir, file) = report();
    browser.scripts(false);
    browser.visit(&file, "");
    let page = browser.eval("document.body.textContent");
    let page = page.as_str().expect("a text");
    for said in [
        "2 of 9 cases failed",
        "550 5.7.64 TenantAttribution; Relay Access Denied",
        "What decided",
        "to own as a@x.test",
        "because</i> of the weather",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    assert_eq!(count(&mut browser, "#filter, .keys"), 0, "nothing is shown that does nothing");
    // The whole session of a case that passed is in the page.
    let passed = browser.eval("document.querySelector('#cases details.passed').textContent");
    assert!(passed.as_str().is_some_and(|text| text.contains("MAIL FROM:<a@x.test>")), "{passed}");
}

#[test]
fn ten_thousand_cases_open_in_two_seconds_and_each_of_them_can_be_read() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (dir, _) = report();
    let mut report: Value = serde_json::from_str(&dir.read("report.json")).expect("JSON");
    let played = report["cases"].as_array().expect("cases").clone();
    let cases: Vec<Value> = (0..10_000)
        .map(|n| {
            let mut case = played[n % played.len()].clone();
            case["id"] = json!(format!("relay/case-{n}"));
            case["name"] = json!(format!("case {n}"));
            case["variables"] = json!({ "n": n.to_string() });
            case["order"] = json!(n);
            case
        })
        .collect();
    report["cases"] = json!(cases);
    dir.write("large.json", report.to_string());
    Program::new(dir.path(), ["report", "--format", "html", "large.json", "-o", "large.html"])
        .run()
        .status(0);
    let file = dir.join("large.html");
    let start = Instant::now();
    browser.visit(&file, "");
    browser.picture([0.0, 0.0, 1280.0, 900.0]);
    // On the clock it is more where other tests run beside; alone it is told.
    let (wall, busy) = (start.elapsed(), browser.busy());
    eprintln!("10,000 cases were open and drawn after {wall:?}, of which the page was busy for {busy:?}");
    assert!(busy < Duration::from_secs(2), "{busy:?}");
    assert_eq!(browser.problems(), Vec::<String>::new());

    // A session that is packed comes out as the same session that is not.
    let nth = played.iter().position(|case| case["outcome"] == "passed").expect("one passed");
    let session = |id: &Value| {
        format!(
            "(document.getElementById({id}).querySelector('.session') || {{ outerHTML: null }}).outerHTML"
        )
    };
    let packed = session(&json!(format!("relay/case-{nth}")));
    assert_eq!(browser.eval(&packed), Value::Null, "it is not drawn before it is opened");
    browser.visit(&file, &format!("#relay/case-{nth}"));
    let drawn = browser.eval(&packed);
    Program::new(dir.path(), ["report", "--format", "html", "report.json", "-o", "small.html"])
        .run()
        .status(0);
    browser.visit(&dir.join("small.html"), "");
    assert_eq!(browser.eval(&session(&played[nth]["id"])), drawn);
    assert!(drawn.as_str().is_some_and(|drawn| drawn.contains("MAIL FROM:")), "{drawn}");

    browser.visit(&file, "");
    let before = browser.busy();
    filter(&mut browser, "case-9999");
    assert_eq!(text(&mut browser, "#shown"), "1 of 10000");
    let filtered = browser.busy().saturating_sub(before);
    assert!(filtered < Duration::from_secs(3), "{filtered:?}");
}

#[test]
fn two_runs_stand_side_by_side() {
    let Some(mut browser) = Browser::open("html", 1280, 900) else { return };
    let (dir, _) = report();
    let before = dir.read("report.json");
    // The new server lets the stranger out, and refuses what was accepted.
    let mut after: Value = serde_json::from_str(&before).expect("JSON");
    for case in after["cases"].as_array_mut().expect("cases") {
        let own = case["id"] == "relay/to-own-as-a-x-test";
        if own {
            case["outcome"] = json!("failed");
            case["decisive"] = json!({ "stage": "rcpt_to", "code": 554, "enhanced": "5.7.1", "text": "<img src=x onerror=hit=1>", "event": null, "reason": null });
        }
    }
    dir.write("after.json", after.to_string());
    let compare = ["compare", "report.json", "after.json", "--report", "html=changes.html"];
    Program::new(dir.path(), compare).run().status(1);
    browser.visit(&dir.join("changes.html"), "");
    assert_eq!(browser.problems(), Vec::<String>::new());
    assert_eq!(browser.eval("typeof hit"), "undefined");
    assert_eq!(text(&mut browser, "h1 span"), "1 of 9 cases breaks");
    let sides =
        browser.eval("[...document.querySelectorAll('.block .pair > div')].map(side => side.innerText)");
    let side = |n: usize| sides[n].as_str().unwrap_or_default();
    assert!(side(0).contains("250 2.6.0 Queued"), "{sides}");
    assert!(side(1).contains("554 5.7.1 <img src=x onerror=hit=1>"), "{sides}");
    let rows =
        "[...document.querySelectorAll('.both')].map(row => [...row.children].map(at => at.textContent))";
    let rows = browser.eval(rows);
    let row = json!(["relay/to-own-as-a-x-test", "✓ 250 2.6.0", "✗ 554 5.7.1", "breaks"]);
    let rows = rows.as_array().expect("a list");
    assert!(rows.len() == 9 && rows.contains(&row), "{rows:#?}");
    assert_eq!(count(&mut browser, ".both .cell.passed.yes"), 5);
    for (width, dark) in [(1280, false), (1280, true), (360, false)] {
        browser.size(width, 900);
        browser.media("screen", dark);
        assert_eq!(browser.eval(CONTRAST)["low"], json!([]), "{width} {dark}");
        let wide = browser.eval(TOO_WIDE);
        assert_eq!(wide[0], 0, "{wide:#}");
    }
}

/// `make golden` takes the pictures of docs/report.md anew.
#[test]
fn golden_pictures_of_the_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let Some(mut browser) = Browser::open("html", 1120, 900) else { return };
    // The shipped scenarios about old TLS, as somebody writes them who believes that
    // Northwind has opted in.
    let lab = Lab::shared();
    let project = lab.project("pictures");
    let scenarios = fs::read_to_string(lab.path().join("scenarios/legacy-tls.yaml")).expect("it is shipped");
    let mistaken = scenarios.replace("org: [Contoso, Northwind]", "org: [Contoso]");
    assert_ne!(scenarios, mistaken);
    fs::write(project.join("legacy-tls.yaml"), mistaken).expect("the folder is ours");
    let file = project.join("report.html");
    let report = format!("html={}", file.display());
    Program::new(lab.path(), ["run", "pictures/legacy-tls.yaml", "--report", &report]).run().status(1);
    browser.visit(&file, "");

    let mut place = |expression: &str| {
        let place = browser.eval(expression);
        place.as_f64().unwrap_or_else(|| panic!("{expression}: {place}"))
    };
    let bottom = "document.querySelector('.card .session').getBoundingClientRect().bottom + scrollY + 12";
    let top = "document.querySelector('#combinations').getBoundingClientRect().top + scrollY - 12";
    let (failed, grid) = (place(bottom), place(top));
    let right = place("document.querySelectorAll('.grid')[1].getBoundingClientRect().right + 24");
    let under = place("document.querySelector('.grid').getBoundingClientRect().bottom + scrollY + 12");
    for (name, part) in [
        ("report.png", [0.0, 0.0, 1120.0, failed.min(1100.0)]),
        ("grid.png", [0.0, grid, right, under - grid]),
    ] {
        let picture = browser.picture(part);
        assert!(picture.starts_with(b"\x89PNG") && picture.len() < 256 * 1024, "{name}: {}", picture.len());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).expect("the folder of the documentation is writable");
            fs::write(folder.join(name), picture).expect("the same");
        }
        // Which fonts there are differs from host to host, so pixels are not compared.
        let kept = fs::read(folder.join(name)).unwrap_or_default();
        assert!(kept.starts_with(b"\x89PNG"), "docs/pictures/{name}: `make golden`");
    }
}
