//! The phone's sync and the server are killed (SIGKILL) again and again while photos are under way. At the end every
//! photo that was saved is accepted by the server with the same digest, exactly once, and every event was told.
//!
//! `CLEARSHOT_KILLS=1000` runs more rounds with one phone, `CLEARSHOT_WRITER_KILLS=500` more of those with 32 writers;
//! `CLEARSHOT_SEED` chooses others.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::invariants::{
    Saved, assert_all_accepted_once, assert_events_told_in_order, assert_nothing_lost,
    assert_offsets_never_decrease, capture_all, sync_until_accepted,
};
use crate::harness::{Dice, FaultProxy, Phone, Server, Wire, detailed_photo, number};

const CAPTURES: u64 = 40;
const SKUS: [&str; 4] = ["KILL-MUG-1", "KILL-LAMP-2", "KILL-BOX-3", "KILL-VASE-4"];

/// The longest a process lives before it is killed, in milliseconds: from before its first request to several photos in.
const LONGEST_LIFE: u64 = 400;

/// I4: a killed server's back-offs and leases may keep photos waiting for a while.
const LIMIT: Duration = Duration::from_mins(5);

#[test]
fn killing_phone_and_server_at_random_points_loses_and_doubles_nothing() {
    let (kills, seed) = (number("CLEARSHOT_KILLS", 100), number("CLEARSHOT_SEED", 1));
    let mut dice = Dice::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let (data, photos) = (folder.path().join("server"), folder.path().join("photos"));
    let mut server = Server::start(&data);
    let token = server.token("shopper");
    let return_id = server.open_return(&SKUS);
    let uplink = FaultProxy::to(server.address);

    let phone = Phone::at(&folder.path().join("phone"));
    let mut saved = Saved::new();
    for (at, sku) in SKUS.iter().enumerate() {
        let of_sku: Vec<_> =
            (0..CAPTURES / SKUS.len() as u64).map(|n| detailed_photo(at as u64 * 1000 + n)).collect();
        saved.extend(capture_all(&phone, &uplink.url(), &return_id, sku, &photos, &of_sku));
    }
    assert_eq!(saved.len() as u64, CAPTURES);

    // So slow that the kills are spread over all the photos.
    let all_bytes: u64 = phone.queue().0.iter().map(|entry| entry["length"].as_u64().unwrap()).sum();
    let expected_uptime = kills * LONGEST_LIFE / 2;
    uplink.limit((all_bytes * 1000 / expected_uptime).max(1));

    let (mut of_phone, mut of_server) = (0, 0);
    while of_phone + of_server < kills {
        let mut sync = phone.sync(&uplink.url(), &token).spawn().unwrap();
        thread::sleep(Duration::from_millis(dice.below(LONGEST_LIFE)));
        if dice.below(2) == 0 {
            sync.kill().unwrap();
            of_phone += 1;
        } else {
            server.kill();
            of_server += 1;
            server = Server::start(&data);
            uplink.lead_to(server.address);
            // The phone that saw its server die goes on for a moment, then is killed as well: no clean end ever.
            thread::sleep(Duration::from_millis(dice.below(LONGEST_LIFE)));
            sync.kill().unwrap();
        }
        sync.wait().unwrap();
    }
    assert_nothing_lost(&phone, &server, &return_id, &saved);

    uplink.limit(u64::MAX);
    sync_until_accepted(&phone, &uplink.url(), &token, LIMIT);
    println!("seed {seed}: {of_phone} kills of the phone, {of_server} of the server, {CAPTURES} captures");
    assert_all_accepted_once(&phone, &server, &return_id, &saved);
    assert_offsets_never_decrease(&uplink.acknowledged());
    assert_events_told_in_order(&server, &return_id, &saved);
}

/// Who writes at the same time in the second test, and how much each sends at a time.
const WRITERS: u64 = 32;
const UPLOAD_LENGTH: usize = 300_000;

/// The longest life of a server under many writers, in milliseconds: some of their uploads end, most do not.
const LONGEST_LIFE_OF_SERVER: u64 = 300;

/// A writer that waits for a server that is down looks again after this time.
const DOWN: Duration = Duration::from_millis(20);

/// What writers and killer share.
struct Field {
    server: Mutex<SocketAddr>,
    token: String,
    rounds_left: AtomicU64,
    finished: AtomicU64,
    /// Finished ones that a kill had cut.
    interrupted: AtomicU64,
}

#[test]
fn killing_the_server_under_32_writers_never_takes_back_a_byte_that_it_acknowledged() {
    let (rounds, seed) = (number("CLEARSHOT_WRITER_KILLS", 25), number("CLEARSHOT_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    let mut server = Server::start(&data);
    let field = Arc::new(Field {
        server: Mutex::new(server.address),
        token: server.token("service"),
        rounds_left: AtomicU64::new(rounds),
        finished: AtomicU64::new(0),
        interrupted: AtomicU64::new(0),
    });
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let field = Arc::clone(&field);
            thread::spawn(move || write_until_the_end(&field, Dice::new(seed << 32 | writer)))
        })
        .collect();
    let mut dice = Dice::new(seed);
    for _ in 0..rounds {
        thread::sleep(Duration::from_millis(dice.below(LONGEST_LIFE_OF_SERVER)));
        server.kill();
        server = Server::start(&data);
        *field.server.lock().unwrap() = server.address;
        field.rounds_left.fetch_sub(1, Ordering::SeqCst);
    }
    for writer in writers {
        writer.join().expect("no writer sees an offset go back, or other bytes than its own");
    }
    let (finished, cut) = (field.finished.load(Ordering::SeqCst), field.interrupted.load(Ordering::SeqCst));
    println!(
        "seed {seed}: {rounds} kills, {finished} uploads of {WRITERS} writers, {cut} of them cut by a kill"
    );
    assert!(finished >= WRITERS && cut > 0);
}

/// Uploads one thing after the other, and goes on with each after every crash. The digest that is declared at the
/// creation makes the server say whether the bytes are right.
fn write_until_the_end(field: &Field, mut dice: Dice) {
    while field.rounds_left.load(Ordering::SeqCst) > 0 {
        let bytes: Vec<u8> =
            (0..UPLOAD_LENGTH / 8).flat_map(|_| dice.below(u64::MAX).to_le_bytes()).collect();
        let key = format!("writer-{}", dice.below(u64::MAX));
        let deadline = Instant::now() + LIMIT;
        let (mut place, mut acknowledged, mut interrupted) = (None, 0, false);
        while acknowledged < bytes.len() as u64 {
            assert!(Instant::now() < deadline, "an upload does not end");
            if go_on(field, &key, &bytes, &mut place, &mut acknowledged).is_err() {
                interrupted |= place.is_some();
                thread::sleep(DOWN);
            }
        }
        field.interrupted.fetch_add(u64::from(interrupted), Ordering::SeqCst);
        field.finished.fetch_add(1, Ordering::SeqCst);
    }
}

/// One connection's part of an upload: its creation, how far it is, and more of it.
fn go_on(
    field: &Field,
    key: &str,
    bytes: &[u8],
    place: &mut Option<String>,
    acknowledged: &mut u64,
) -> io::Result<()> {
    let server = *field.server.lock().unwrap();
    let mut wire = Wire::connect(server, &field.token)?;
    let place = match place {
        Some(place) => place,
        None => place.insert(wire.create(bytes, key)?),
    };
    let offset = wire.offset(place)?;
    // I3. That also says that the disk has every byte whose 204 was read before.
    assert!(offset >= *acknowledged, "{place} had {acknowledged} bytes and now has {offset}");
    *acknowledged = offset;
    if offset < bytes.len() as u64 {
        let rest = &bytes[offset as usize..];
        // In two parts, so that most offsets that are asked for are between the ends.
        let part = &rest[..rest.len().min(UPLOAD_LENGTH / 2)];
        wire.ask_append(place, offset, part.len())?;
        wire.send(part)?;
        let answer = wire.answer()?;
        assert_eq!(answer.status(), 204, "{}", String::from_utf8_lossy(&answer.body));
        *acknowledged = answer.offset().unwrap();
        assert_eq!(*acknowledged, offset + part.len() as u64);
    }
    Ok(())
}
