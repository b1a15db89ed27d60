//! What applications do with redis-rs: redis_rs HOST PORT. Panics when something is not as with Redis.
use redis::{Commands, RedisResult};
use std::collections::HashMap;

fn main() -> RedisResult<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let client = redis::Client::open(format!("redis://{}:{}/", arguments[1], arguments[2]))?;
    let mut connection = client.get_connection()?;

    let _: () = connection.set_ex("rs:k", "v", 100)?;
    assert_eq!(connection.get::<_, String>("rs:k")?, "v");
    assert!((1..=100).contains(&connection.ttl::<_, i64>("rs:k")?));
    assert!(!connection.set_nx::<_, _, bool>("rs:k", "w")?);
    let _: () = connection.hset_multiple("rs:h", &[("f", "1"), ("g", "x")])?;
    assert_eq!(connection.hgetall::<_, HashMap<String, String>>("rs:h")?.len(), 2);
    let _: () = connection.rpush("rs:l", vec!["a", "b", "c"])?;
    assert_eq!(connection.lpop::<_, String>("rs:l", None)?, "a");
    assert_eq!(connection.blpop::<_, (String, String)>("rs:l", 1)?.1, "b");
    let _: () = connection.zadd_multiple("rs:z", &[(1.0, "a"), (2.5, "b")])?;
    assert_eq!(connection.zrange_withscores::<_, Vec<(String, f64)>>("rs:z", 0, -1)?, vec![("a".into(), 1.0), ("b".into(), 2.5)]);

    let mut pipe = redis::pipe();
    for _ in 0..500 {
        pipe.cmd("INCR").arg("rs:n");
    }
    assert_eq!(pipe.query::<Vec<i64>>(&mut connection)?[499], 500);
    let (set, got): (String, i64) = redis::pipe().atomic().cmd("SET").arg("rs:t").arg(7).cmd("GET").arg("rs:t").query(&mut connection)?;
    assert_eq!((set.as_str(), got), ("OK", 7));
    // Once more if somebody else writes in between, which is here the first time.
    let (mut tries, mut other) = (0, client.get_connection()?);
    let doubled: (i64,) = redis::transaction(&mut connection, &["rs:t"], |connection, pipe| {
        tries += 1;
        let before: i64 = connection.get("rs:t")?;
        if tries == 1 {
            let _: () = other.set("rs:t", 8)?;
        }
        pipe.set("rs:t", before * 2).ignore().get("rs:t").query(connection)
    })?;
    assert_eq!((tries, doubled), (2, (16,)));

    let script = redis::Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    assert_eq!(script.key("rs:script").arg(7).invoke::<i64>(&mut connection)?, 7);
    let error = connection.incr::<_, _, i64>("rs:h", 1).unwrap_err();
    assert_eq!(error.code(), Some("WRONGTYPE"));
    let keys: Vec<String> = connection.scan_match("rs:*")?.collect();
    assert_eq!(keys.len(), 7, "{:?}", keys);

    let mut listener = client.get_connection()?;
    let mut heard = listener.as_pubsub();
    heard.subscribe("rs:news")?;
    assert_eq!(other.publish::<_, _, i64>("rs:news", "hello")?, 1);
    assert_eq!(heard.get_message()?.get_payload::<String>()?, "hello");
    Ok(())
}
