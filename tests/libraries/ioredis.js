// What applications do with ioredis: ioredis.js HOST PORT. Exits with an error when something is not as with Redis.
"use strict";
const assert = require("assert");
const fs = require("fs");
const Redis = require("ioredis");

async function main(host, port) {
	const client = new Redis({ host, port: Number(port), enableAutoPipelining: true });
	await Promise.all(Array.from({ length: 300 }, () => client.incr("ioredis:n")));
	assert.strictEqual(await client.get("ioredis:n"), "300");
	await client.hset("ioredis:h", { a: 1, b: "x" });
	assert.deepStrictEqual(await client.hgetall("ioredis:h"), { a: "1", b: "x" });
	await client.sadd("ioredis:s", "a", "b", "c");
	const found = [];
	for await (const keys of client.scanStream({ match: "ioredis:*", count: 10 })) found.push(...keys);
	assert.deepStrictEqual(found.sort(), ["ioredis:h", "ioredis:n", "ioredis:s"]);
	assert.deepStrictEqual(await client.multi().set("ioredis:k", "v", "EX", 100).get("ioredis:k").ttl("ioredis:k").exec(),
		[[null, "OK"], [null, "v"], [null, 100]]);
	await assert.rejects(client.incr("ioredis:h"), /WRONGTYPE/);
	const listener = client.duplicate();
	const heard = new Promise((resolve) => listener.on("message", (channel, text) => resolve(text)));
	await listener.subscribe("ioredis:news");
	assert.strictEqual(await client.publish("ioredis:news", "hello"), 1);
	assert.strictEqual(await heard, "hello");
	assert.strictEqual((await client.set("ioredis:bytes", Buffer.from([0, 255, 13, 10]))), "OK");
	assert.deepStrictEqual(await client.getBuffer("ioredis:bytes"), Buffer.from([0, 255, 13, 10]));
	client.defineCommand("addTo", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])" });
	assert.strictEqual(await client.addTo("ioredis:script", 7), 7);
	const secure = new Redis(`rediss://${host}:${process.env.TLS_PORT}/0`, { tls: { ca: fs.readFileSync(process.env.CA) } });
	assert.strictEqual(await secure.get("ioredis:k"), "v");
	secure.disconnect();
	listener.disconnect();
	await client.quit();
}

main(process.argv[2], process.argv[3]).catch((error) => { console.error(error); process.exit(1); });
