//! A TCP proxy between phone and server that does to requests what networks do: cuts, stalls, resets, repeats, delays,
//! loses answers, answers in the server's place, changes bytes. It also writes down what the server acknowledged.
//!
//! A fault waits until a request of its method comes, and strikes once. Without a waiting fault, everything passes.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use super::Dice;
use super::http::{Answer, Head};

/// Bytes that are passed on at a time.
const BLOCK: usize = 16 * 1024;

/// Where in a request something happens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Behind so many of its bytes.
    Start(u64),
    /// Behind its head.
    EndOfHead,
    /// Behind so many bytes of its body.
    Body(u64),
    /// Before its last byte.
    BeforeLastByte,
}

impl Place {
    fn in_request(self, head: &Head) -> u64 {
        let (head, body) = (head.bytes.len() as u64, head.body_length());
        match self {
            Self::Start(bytes) => bytes.min(head + body),
            Self::EndOfHead => head,
            Self::Body(bytes) => head + bytes.min(body),
            Self::BeforeLastByte => head + body - 1,
        }
    }
}

/// What is done to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Both connections are closed there.
    Cut(Place),
    /// Both connections are reset (RST) there.
    Reset(Place),
    /// The server's answer is cut behind so many bytes; 0 loses it whole.
    CutAnswer(u64),
    /// The request reaches the server a second time, at the same time.
    Duplicate,
    /// From there on nothing passes in either direction, and nobody is told: the server's end stays open for ever.
    Stall(Place),
    /// So many bytes of its body a second go up.
    Slow(u64),
    /// Nothing goes up before all of it is here, and the answer waits as well: a proxy that buffers.
    Buffer,
    /// The request ends here: a captive portal says 200 with a page to sign in.
    Portal,
    /// Interim answers (1xx) do not pass, as with proxies that know none.
    StripInterim,
    /// One bit of this byte of the body is changed.
    Flip(u64),
}

/// What the server said about an upload.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    /// The upload's address.
    pub(crate) place: String,
    pub(crate) status: u16,
    /// `Upload-Offset`, where the answer has one.
    pub(crate) offset: Option<u64>,
    /// When the request went to the server, and when its answer was there, counted in steps of the whole proxy.
    pub(crate) asked: u64,
    pub(crate) answered: u64,
}

/// The proxy. Its threads end with their connections, the listener with the process.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    server_port: AtomicU64,
    /// How many bytes of a body a connection carries up.
    bytes_per_second: AtomicU64,
    step: AtomicU64,
    struck: AtomicU64,
    waiting: Mutex<VecDeque<(&'static str, Fault)>>,
    /// Resets at random, of so many percent of the requests.
    resets: Mutex<Option<(u64, Dice)>>,
    said: Mutex<Vec<Acknowledged>>,
    /// The ends of stalled connections that are never closed.
    held: Mutex<Vec<TcpStream>>,
}

impl FaultProxy {
    /// Opens it in front of this server.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State { bytes_per_second: AtomicU64::new(u64::MAX), ..State::default() });
        let of_thread = Arc::clone(&state);
        thread::spawn(move || {
            for phone in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&of_thread);
                thread::spawn(move || {
                    // A connection that breaks is what this is for.
                    let _ = carry(&phone, &state);
                });
            }
        });
        let proxy = Self { address, state };
        proxy.lead_to(server);
        proxy
    }

    /// Names the server that new connections go to.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.state.server_port.store(u64::from(server.port()), Ordering::SeqCst);
    }

    /// Sets how many bytes of a body a connection carries up in a second, also for those that are under way.
    pub(crate) fn limit(&self, bytes_per_second: u64) {
        self.state.bytes_per_second.store(bytes_per_second, Ordering::SeqCst);
    }

    /// What the phone takes for the server's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request of this method suffers this fault, or the one after, when others wait before it.
    pub(crate) fn inject(&self, method: &'static str, fault: Fault) {
        lock(&self.state.waiting).push_back((method, fault));
    }

    /// Resets so many percent of all requests, each at a random byte of it or of its answer. 0 ends that.
    pub(crate) fn reset_percent(&self, percent: u64, seed: u64) {
        *lock(&self.state.resets) = (percent > 0).then(|| (percent, Dice::new(seed)));
    }

    /// What a client that says every byte itself takes for it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests suffered a fault.
    pub(crate) fn struck(&self) -> u64 {
        self.state.struck.load(Ordering::SeqCst)
    }

    /// What the server said about uploads, whether or not it reached the phone.
    pub(crate) fn acknowledged(&self) -> Vec<Acknowledged> {
        lock(&self.state.said).clone()
    }
}

impl State {
    fn choose(&self, head: &Head) -> Option<Fault> {
        let mut waiting = lock(&self.waiting);
        let chosen = waiting.iter().position(|(method, _)| *method == head.method());
        let chosen = chosen.and_then(|at| waiting.remove(at)).map(|(_, fault)| fault);
        let chosen = chosen.or_else(|| {
            let mut resets = lock(&self.resets);
            let (percent, dice) = resets.as_mut()?;
            if dice.below(100) >= *percent {
                return None;
            }
            let all = head.bytes.len() as u64 + head.body_length();
            // A third of them behind the request: somewhere in the answer, whose heads have about 300 bytes.
            Some(if dice.below(3) == 0 {
                Fault::CutAnswer(dice.below(300))
            } else {
                Fault::Reset(Place::Start(dice.below(all)))
            })
        });
        self.struck.fetch_add(u64::from(chosen.is_some()), Ordering::SeqCst);
        chosen
    }

    fn tick(&self) -> u64 {
        self.step.fetch_add(1, Ordering::SeqCst)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", self.server_port.load(Ordering::SeqCst) as u16))
    }

    /// Writes down what an answer says about an upload.
    fn note(&self, asked: &Asked, answer: &Answer) {
        let place = match asked.method.as_str() {
            "POST" if asked.target == "/v1/uploads" => answer.head.header("location"),
            "HEAD" | "PATCH" => Some(asked.target.as_str()),
            _ => None,
        };
        if let Some(place) = place {
            let said = Acknowledged {
                place: place.to_owned(),
                status: answer.status(),
                offset: answer.offset(),
                asked: asked.at,
                answered: self.tick(),
            };
            lock(&self.said).push(said);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// A request that is on its way to the server.
struct Asked {
    method: String,
    target: String,
    at: u64,
    fault: Option<Fault>,
}

fn carry(mut phone: &TcpStream, state: &Arc<State>) -> io::Result<()> {
    // Without a server, the connection is closed: what a phone sees of a server that is down.
    let mut server = state.connect()?;
    let (asked, answers) = channel();
    let down = {
        let (server, phone, state) = (server.try_clone()?, phone.try_clone()?, Arc::clone(state));
        thread::spawn(move || {
            let _ = carry_down(server, &phone, &answers, &state);
            if !is_reset(&phone) {
                let _ = phone.shutdown(Shutdown::Both);
            }
        })
    };
    while let Ok(Some(head)) = Head::read(&mut phone) {
        let fault = state.choose(&head);
        let goes_on = carry_request(phone, &mut server, &head, fault, &asked, state).unwrap_or(false);
        if matches!(fault, Some(Fault::Stall(_))) {
            // Nobody tells the server.
            return Ok(());
        }
        if !goes_on {
            break;
        }
    }
    drop(asked);
    // A reset is sent by the close, after which nothing may come.
    let _ = server.shutdown(if is_reset(phone) { Shutdown::Read } else { Shutdown::Both });
    let _ = down.join();
    Ok(())
}

/// Carries one request up; false when the connection ends with it.
fn carry_request(
    mut phone: &TcpStream,
    server: &mut TcpStream,
    head: &Head,
    fault: Option<Fault>,
    asked: &Sender<Asked>,
    state: &Arc<State>,
) -> io::Result<bool> {
    if matches!(fault, Some(Fault::Portal)) {
        io::copy(&mut phone.take(head.body_length()), &mut io::sink())?;
        phone.write_all(PORTAL)?;
        return Ok(false);
    }
    let request =
        Asked { method: head.method().to_owned(), target: head.target().to_owned(), at: state.tick(), fault };
    if let Some(Fault::Cut(place) | Fault::Reset(place) | Fault::Stall(place)) = fault {
        // The server may answer before all of its request is there.
        let _ = asked.send(request);
        carry_part(phone, server, head, place.in_request(head))?;
        match fault {
            Some(Fault::Reset(_)) => {
                reset(phone)?;
                reset(server)?;
            }
            Some(Fault::Stall(_)) => {
                lock(&state.held).push(server.try_clone()?);
                // Until the phone gives up.
                io::copy(&mut phone, &mut io::sink())?;
            }
            _ => {}
        }
        return Ok(false);
    }
    let whole = matches!(fault, Some(Fault::Buffer | Fault::Duplicate | Fault::Flip(_)));
    if !whole {
        let _ = asked.send(request);
        server.write_all(&head.bytes)?;
        carry_body(phone, server, head.body_length(), || match fault {
            Some(Fault::Slow(bytes_per_second)) => bytes_per_second,
            _ => state.bytes_per_second.load(Ordering::SeqCst),
        })?;
        return Ok(true);
    }
    let mut body = vec![0; head.body_length() as usize];
    phone.read_exact(&mut body)?;
    if let Some(Fault::Flip(at)) = fault {
        body[at as usize] ^= 1;
    }
    if let Some(Fault::Duplicate) = fault {
        let again =
            Asked { fault: None, method: request.method.clone(), target: request.target.clone(), ..request };
        let (bytes, state) = ([head.bytes.as_slice(), &body].concat(), Arc::clone(state));
        thread::spawn(move || -> io::Result<()> {
            let mut second = state.connect()?;
            second.write_all(&bytes)?;
            if let Some(answer) = Answer::read(&mut second, &again.method, |_| Ok(()))? {
                state.note(&again, &answer);
            }
            Ok(())
        });
    }
    let _ = asked.send(request);
    server.write_all(&head.bytes)?;
    server.write_all(&body)?;
    Ok(true)
}

/// So many bytes of a request, from its first.
fn carry_part(phone: &TcpStream, server: &mut TcpStream, head: &Head, bytes: u64) -> io::Result<()> {
    let of_head = head.bytes.len().min(bytes as usize);
    server.write_all(&head.bytes[..of_head])?;
    io::copy(&mut phone.take(bytes - of_head as u64), server)?;
    Ok(())
}

fn carry_body(
    mut phone: &TcpStream,
    server: &mut TcpStream,
    length: u64,
    bytes_per_second: impl Fn() -> u64,
) -> io::Result<()> {
    let mut left = length;
    let mut block = vec![0; BLOCK];
    while left > 0 {
        let rate = bytes_per_second();
        // At most a quarter of a second at a time.
        let most = left.min(BLOCK as u64).min((rate / 4).max(1)) as usize;
        let read = phone.read(&mut block[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        server.write_all(&block[..read])?;
        left -= read as u64;
        if rate != u64::MAX {
            thread::sleep(Duration::from_micros(read as u64 * 1_000_000 / rate));
        }
    }
    Ok(())
}

fn carry_down(
    mut server: TcpStream,
    mut phone: &TcpStream,
    asked: &Receiver<Asked>,
    state: &State,
) -> io::Result<()> {
    while let Ok(request) = asked.recv() {
        let fault = request.fault;
        let stalled = matches!(fault, Some(Fault::Stall(_)));
        let no_interim = stalled || matches!(fault, Some(Fault::StripInterim));
        let passed = |head: &Head| if no_interim { Ok(()) } else { (&*phone).write_all(&head.bytes) };
        let Some(answer) = Answer::read(&mut server, &request.method, passed)? else { return Ok(()) };
        state.note(&request, &answer);
        if stalled {
            continue;
        }
        let bytes = [answer.head.bytes.as_slice(), &answer.body].concat();
        if let Some(Fault::CutAnswer(kept)) = fault {
            phone.write_all(&bytes[..bytes.len().min(kept as usize)])?;
            return Ok(());
        }
        phone.write_all(&bytes)?;
    }
    Ok(())
}

/// Makes the close a reset.
fn reset(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).set_linger(Some(Duration::ZERO))
}

fn is_reset(socket: &TcpStream) -> bool {
    matches!(SockRef::from(socket).linger(), Ok(Some(Duration::ZERO)))
}

/// What hotels say to every request.
const PORTAL: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 45\r\nconnection: close\r\n\r\n\
    <html><body>Welcome! Sign in.</body></html>\r\n";
