//! What outlives an event and what ends with it: only the first can keep a client for the next.

use super::source::{USES, clients};

/// When a client is made by a handler with this body, beside these items.
fn handled(items: &str, body: &str) -> Vec<String> {
    let main = "async fn main() { run(service_fn(handler)).await }";
    clients(&format!("{USES}{items} {main} async fn handler(e: Order) -> R {{ {body} }}"))
}

const ORDER: &str = "struct Order { id: String, done: bool, note: Option<String>, items: Vec<Item> } \
    struct Item { sold: bool, left: u32 }";

#[test]
fn a_field_of_what_ends_with_the_event_keeps_nothing() {
    for (items, body) in [
        ("", "if e.done { return old(); } Client::new(&c()); e.done = true;"),
        (
            "",
            "match e.note { Some(n) => n, None => { Client::new(&c()); e.note = Some(n()); n() } };",
        ),
        (
            "",
            "let i = e.items.first_mut().unwrap(); if i.sold { return old(); } Client::new(&c()); i.left = 3;",
        ),
        ("", "if e.items.is_empty() { e.items.push(item()); Client::new(&c()); }"),
        (
            "",
            "let name = e.id; if name.is_empty() { return old(); } let name = name.replace(\"+\", \" \"); Client::new(&c());",
        ),
        ("", "let mut key = e.id.trim(); if key.is_empty() { key = \"none\"; Client::new(&c()); }"),
        (
            "",
            "let mut o = Order { done: d(), ..e }; if !o.done { Client::new(&c()); o.done = true; }",
        ),
        (
            "",
            "let o: Order = serde_json::from_str(&e.id)?; if o.items.is_empty() { Client::new(&c()); o.items.insert(0, item()); }",
        ),
        (
            "async fn load(id: &str) -> Result<Order, E> { get(id).await }",
            "let mut o = load(&e.id).await?; if !o.done { Client::new(&c()); o.done = true; }",
        ),
        (
            "impl Order { fn run(&mut self) { if self.done { return; } Client::new(&c()); self.done = true; } }",
            "let mut o = e; o.run();",
        ),
        (
            "struct Mail { client: Option<Client> } impl Mail { async fn send(&mut self) { if self.client.is_none() { self.client = Some(Client::new(&c())); } } }",
            "let mut m = Mail { client: None }; m.send().await;",
        ),
        (
            "struct Mail { client: tokio::sync::OnceCell<Client> } impl Mail { async fn send(&self) { self.client.get_or_init(|| async { Client::new(&c()) }).await.put(); } }",
            "let m = Mail { client: tokio::sync::OnceCell::new() }; m.send().await;",
        ),
        ("", "let cell = std::sync::OnceLock::new(); cell.get_or_init(|| Client::new(&c()));"),
        (
            "async fn pay(o: &mut Order) { if !o.done { Client::new(&c()); o.done = true; } }",
            "let mut o = e; pay(&mut o).await;",
        ),
    ] {
        assert_eq!(handled(&format!("{ORDER}{items}"), body), ["event"], "{items} {body}");
    }
}

#[test]
fn a_field_of_what_was_there_before_the_event_may_keep() {
    let cache = "struct App { client: Mutex<Option<Client>>, shared: std::sync::Arc<Shared> } struct Shared { client: Option<Client> }
        impl App {
            async fn client(&self) -> Client { let mut kept = self.client.lock().await; if let Some(c) = &*kept { return c.clone(); } let new = Client::new(&c()); *kept = Some(new.clone()); new }
        }";
    for serve in [
        "let app = App::new(); run(service_fn(|e| async { app.client().await.put(e) })).await",
        "let app = App::new(); run(service_fn(|e| handler(&app, e))).await",
        "let app = std::sync::Arc::new(App::new()); run(service_fn(move |e| { let app = app.clone(); async move { handler(&app, e).await } })).await",
        "let app: &'static App = leak(); run(service_fn(|e| handler(app, e))).await",
    ] {
        let handler = "async fn handler(app: &App, e: E) { app.client().await.put(e) }";
        let text = format!("{USES}{cache} {handler} async fn main() {{ {serve} }}");
        assert_eq!(clients(&text), ["once"], "{serve}");
    }
    // So may a client or a cell that it holds by value.
    let mail = "struct Mail { client: Option<Client> } impl Mail { async fn send(&mut self) { if self.client.is_none() { self.client = Some(Client::new(&c())); } } }
        struct Post { client: tokio::sync::OnceCell<Client> } impl Post { async fn send(&self) { self.client.get_or_init(|| async { Client::new(&c()) }).await.put(); } }
        impl lambda_runtime::Service<E> for Post { fn call(&mut self, e: E) { self.send(); } }";
    for serve in [
        "let m = std::sync::Arc::new(tokio::sync::Mutex::new(Mail { client: None })); run(service_fn(|e| async { m.lock().await.send().await })).await",
        "let m = &tokio::sync::Mutex::new(Mail { client: None }); run(service_fn(|e| async move { let mut m = m.lock().await; m.send().await })).await",
        "let m = Post { client: tokio::sync::OnceCell::new() }; run(service_fn(|e| async { m.send().await })).await",
        "let m = Post { client: tokio::sync::OnceCell::new() }; let m = &m; run(service_fn(move |e| async move { m.send().await })).await",
        "let m = std::sync::Arc::new(Post { client: Default::default() }); run(service_fn(move |e| { let m = m.clone(); async move { m.send().await } })).await",
        "run(Post { client: tokio::sync::OnceCell::new() }).await",
        "let cell = std::sync::OnceLock::new(); let cell = &cell; run(service_fn(|e| async { cell.get_or_init(|| Client::new(&c())).put() })).await",
    ] {
        let text = format!("{USES}{mail} async fn main() {{ {serve} }}");
        assert_eq!(clients(&text), ["once"], "{serve}");
    }
    // A wrapper that is made for each event may hold on to something that is not.
    let wrapped = "struct Job<'a> { app: &'a App } struct Task { shared: std::sync::Arc<Shared> }
        impl Job<'_> { async fn run(&self) { let mut kept = self.app.client.lock().await; if kept.is_none() { *kept = Some(Client::new(&c())); } } }
        impl Task { async fn run(&mut self) { if self.shared.client.is_none() { self.shared.client.replace(Client::new(&c())); } } }";
    for body in [
        "let job = Job { app }; job.run().await",
        "let mut task = Task { shared: app.shared.clone() }; task.run().await",
    ] {
        let handler = format!("async fn handler(app: &App, e: E) {{ {body} }}");
        let main =
            "async fn main() { let app = start(); run(service_fn(|e| handler(&app, e))).await }";
        let text = format!("{USES}{cache} {wrapped} {handler} {main}");
        let made = clients(&text);
        assert_eq!(made, ["once"], "{body}");
    }
    // The guard may stand in one method and the store in another.
    let pool = "struct Pool { client: Option<Client> } static POOL: tokio::sync::Mutex<Pool> = tokio::sync::Mutex::const_new(Pool { client: None });
        impl Pool {
            fn connected(&self) -> bool { self.client.is_some() }
            fn connect(&mut self) { self.client = Some(Client::new(&c())); }
            fn look(&self) { Client::new(&c()); }
        }
        async fn main() { run(service_fn(handler)).await }";
    for (body, when) in [
        ("let mut pool = POOL.lock().await; if !pool.connected() { pool.connect(); }", "once"),
        ("let mut pool = POOL.lock().await; if pool.client.is_none() { pool.connect(); }", "once"),
        ("let mut pool = POOL.lock().await; if !pool.connected() { pool.look(); }", "event"),
        ("let mut pool = POOL.lock().await; pool.connect();", "event"),
        ("let mut pool = Pool { client: None }; if !pool.connected() { pool.connect(); }", "event"),
    ] {
        let text = format!("{USES}{pool} async fn handler(e: E) {{ {body} }}");
        assert_eq!(clients(&text), [when], "{body}");
    }
    // A flag may stand between what is kept and the branch; a closure may be given access.
    let kept = "enum State { Ready(Client), Failed } static C: tokio::sync::Mutex<Option<State>> = tokio::sync::Mutex::const_new(None);
        thread_local! { static L: std::cell::RefCell<HashMap<String, Client>> = std::cell::RefCell::default(); }
        async fn main() { run(service_fn(handler)).await }";
    for (body, when) in [
        (
            "let wanted = { let g = C.lock().await; match g.as_ref() { None => true, Some(State::Failed) => true, _ => false } }; if wanted { let c = Client::new(&c()); *C.lock().await = Some(State::Ready(c)); }",
            "once",
        ),
        (
            "let wanted = { let g = C.lock().await; match g.as_ref() { None => true, _ => false } }; if wanted { Client::new(&c()); }",
            "event",
        ),
        (
            "L.with(|m| { let mut m = m.borrow_mut(); if let Some(c) = m.get(&e.key) { return c.clone(); } let c = Client::new(&c()); m.insert(e.key, c.clone()); c })",
            "once",
        ),
        (
            "L.with(|m| { let m = m.borrow(); if let Some(c) = m.get(&e.key) { return c.clone(); } Client::new(&c()) })",
            "event",
        ),
    ] {
        let text = format!("{USES}{kept} async fn handler(e: E) {{ {body} }}");
        assert_eq!(clients(&text), [when], "{body}");
    }
    // A state that a framework hands to each event is the one that was made before.
    let state = "use axum::extract::State; #[derive(Clone)] struct App { client: std::sync::Arc<Mutex<Option<Client>>> }
        async fn handler(State(app): State<App>, r: axum::extract::Request) { let mut kept = app.client.lock().await; if kept.is_none() { *kept = Some(Client::new(&c())); } }
        async fn main() { lambda_http::run(axum::Router::new().route(\"/\", axum::routing::get(handler)).with_state(app())).await }";
    assert_eq!(clients(&format!("{USES}{state}")), ["once"]);
}

#[test]
fn the_look_and_the_store_may_stand_in_two_functions() {
    let app = "struct App { kept: tokio::sync::RwLock<Option<Client>> } static KEPT: tokio::sync::RwLock<Option<Client>> = tokio::sync::RwLock::const_new(None);
        async fn main() { let app = App::new(); run(service_fn(|e| handler(&app, e))).await }";
    for (items, body, when) in [
        (
            "impl App { async fn get(&self) -> Client { if let Some(c) = self.kept.read().await.clone() { return c; } self.refresh().await }
                async fn refresh(&self) -> Client { let c = Client::new(&c()); *self.kept.write().await = Some(c.clone()); c } }",
            "app.get().await.put(e)",
            "once",
        ),
        (
            "impl App { async fn get(&self) -> Client { if let Some(c) = self.kept.read().await.clone() { return c; } self.make().await }
                async fn make(&self) -> Client { Client::new(&c()) } }",
            "app.get().await.put(e)",
            "event",
        ),
        (
            "impl App { async fn get(&self) -> Client { if let Some(c) = self.look().await { return c; } let c = Client::new(&c()); self.keep(c.clone()).await; c }
                async fn look(&self) -> Option<Client> { self.kept.read().await.clone() }
                async fn keep(&self, c: Client) { *self.kept.write().await = Some(c); } }",
            "app.get().await.put(e)",
            "once",
        ),
        (
            "async fn refresh() { *KEPT.write().await = Some(Client::new(&c())); }",
            "if KEPT.read().await.is_none() { refresh().await; }",
            "once",
        ),
        (
            "async fn refresh() { *KEPT.write().await = Some(Client::new(&c())); }",
            "if e.old { refresh().await; }",
            "event",
        ),
        (
            "fn cached() -> Option<Client> { KEPT.try_read().ok()?.clone() } fn store(c: Client) { *KEPT.try_write().unwrap() = Some(c); }",
            "match cached() { Some(c) => c, None => { let c = Client::new(&c()); store(c.clone()); c } };",
            "once",
        ),
        // A field of the same name of another type is another's.
        (
            "struct Log { kept: Vec<String> } impl Log { fn add(&mut self, l: &str) -> Client { self.kept.push(l.into()); Client::new(&c()) } }
                impl App { async fn get(&self, log: &mut Log) -> Client { if let Some(c) = self.kept.read().await.clone() { return c; } log.add(\"made\") } }",
            "let mut log = log_of(&e); app.get(&mut log).await.put(e)",
            "event",
        ),
        (
            "static APP: std::sync::OnceLock<Client> = std::sync::OnceLock::new();",
            "let c = match APP.get() { Some(c) => c, None => { let c = Client::new(&c()); APP.get_or_init(|| c) } };",
            "once",
        ),
    ] {
        let text = format!("{USES}{app}{items} async fn handler(app: &App, e: E) {{ {body} }}");
        assert_eq!(clients(&text), [when], "{items} {body}");
    }
}

#[test]
fn a_flag_may_be_turned_where_it_is_asked() {
    let flag = "use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst}; static COLD: AtomicBool = AtomicBool::new(true); static N: AtomicUsize = AtomicUsize::new(0);";
    for (body, when) in [
        ("if COLD.swap(false, SeqCst) { Client::new(&c()); }", "once"),
        ("let cold = COLD.swap(false, SeqCst); if cold { Client::new(&c()); }", "once"),
        (
            "if COLD.compare_exchange(true, false, SeqCst, SeqCst).is_ok() { Client::new(&c()); }",
            "once",
        ),
        ("if COLD.load(SeqCst) { Client::new(&c()); }", "event"),
        ("if COLD.swap(e.cold, SeqCst) { Client::new(&c()); }", "event"),
        ("if N.fetch_add(1, SeqCst) % 2 == 0 { Client::new(&c()); }", "event"),
    ] {
        assert_eq!(handled(flag, body), [when], "{body}");
    }
}
