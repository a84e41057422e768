//! A browser without a window, driven over its own protocol (Chrome DevTools), which
//! it speaks on two pipes: no port, no driver, no library.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Dir;
use super::need::{find, skip};

/// What the program is called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// After so long it is ended, whatever it does.
const LIMIT: Duration = Duration::from_secs(90);

/// A browser with one page.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    events: Vec<Value>,
    done: Arc<AtomicBool>,
    _profile: Dir,
}

impl Browser {
    /// Opens one with a window of this size; none where no browser is installed, which
    /// is said.
    pub fn open(test: &str, width: u32, height: u32) -> Option<Self> {
        let Some(program) = NAMES.into_iter().find_map(find) else {
            skip(test, "without chromium");
            return None;
        };
        let profile = Dir::new();
        // The protocol is read from descriptor 3 and written to 4. Without a sandbox,
        // for root has none; the only pages it sees are ours.
        let script = r#"exec "$0" --headless=new --remote-debugging-pipe --no-sandbox --disable-gpu \
            --disable-dev-shm-usage --no-first-run --disable-background-networking --user-data-dir="$1" \
            3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#;
        let mut child = Command::new("sh")
            .args([Path::new("-c"), Path::new(script), &program, profile.path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let (to, from) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let done = Arc::new(AtomicBool::new(false));
        watch(child.id(), Arc::clone(&done));
        let mut browser = Self {
            child,
            to,
            from: BufReader::new(from),
            session: None,
            calls: 0,
            events: Vec::new(),
            done,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attached)["sessionId"].clone();
        browser.session = session.as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        // It counts from here on, or from the start of a page in a process of its own.
        browser.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        browser.size(width, height);
        Some(browser)
    }

    /// Gives the window this size.
    pub fn size(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Shows pages as on this medium (`screen`, `print`), in the dark or not.
    pub fn media(&mut self, medium: &str, dark: bool) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.call("Emulation.setEmulatedMedia", json!({ "media": medium, "features": [scheme] }));
    }

    /// Lets scripts of pages run or not.
    pub fn scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !run }));
    }

    /// Opens a file, with what may follow its name in an address, and waits until it
    /// is there.
    pub fn visit(&mut self, file: &Path, rest: &str) {
        // From one address to another of the same page nothing is loaded.
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.event("Page.loadEventFired");
        self.events.clear();
        self.call("Page.navigate", json!({ "url": format!("file://{}{rest}", file.display()) }));
        self.event("Page.loadEventFired");
    }

    /// The processor time that pages took so far where they are read, laid out and
    /// painted. Unlike the time of day it is the same while other tests run.
    pub fn busy(&mut self) -> Duration {
        let metrics = self.call("Performance.getMetrics", json!({}));
        let metrics = metrics["metrics"].as_array().expect("a list");
        let thread = metrics.iter().find(|metric| metric["name"] == "ThreadTime").expect("it is measured");
        Duration::from_secs_f64(thread["value"].as_f64().expect("seconds"))
    }

    /// The value of an expression in the page; what it promises is waited for.
    pub fn eval(&mut self, expression: &str) -> Value {
        let call = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", call);
        assert!(result["exceptionDetails"].is_null(), "{expression}\n{result:#}");
        result["result"]["value"].clone()
    }

    /// Presses a key and lets go of it: `j`, `Escape`.
    pub fn press(&mut self, key: &str) {
        let text = if key.len() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": text }));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
    }

    /// Moves the pointer there.
    pub fn point(&mut self, x: f64, y: f64) {
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
    }

    /// A PNG of so much of the page.
    pub fn picture(&mut self, [x, y, width, height]: [f64; 4]) -> Vec<u8> {
        let clip = json!({ "x": x, "y": y, "width": width, "height": height, "scale": 1 });
        let picture = self.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "clip": clip, "captureBeyondViewport": true }),
        );
        STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64")
    }

    /// What went wrong in the page: exceptions, what was written to the console, what
    /// its policy refused.
    pub fn problems(&self) -> Vec<String> {
        let told = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
        let events = self.events.iter().filter(|event| told.iter().any(|method| event["method"] == **method));
        events.map(ToString::to_string).collect()
    }

    /// Calls a method of the protocol and gives its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{call}\0").as_bytes()).expect("the browser listens");
        loop {
            let message = self.message();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message:#}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// Waits for an event.
    fn event(&mut self, method: &str) {
        loop {
            if let Some(at) = self.events.iter().position(|event| event["method"] == method) {
                self.events.remove(at);
                return;
            }
            let message = self.message();
            self.events.push(message);
        }
    }

    fn message(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).expect("the browser answers");
        assert_eq!(message.pop(), Some(0), "the browser is gone");
        serde_json::from_slice(&message).expect("the protocol is JSON")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        self.session = None;
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        // Its other processes write into the profile until it has ended.
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends a browser that hangs: whoever waits for its answer then sees that it is gone.
fn watch(process: u32, done: Arc<AtomicBool>) {
    thread::spawn(move || {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(200));
            if done.load(Ordering::Relaxed) {
                return;
            }
        }
        let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    });
}
