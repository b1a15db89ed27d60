// What applications do with node-redis: node_redis.js HOST PORT. Exits with an error when something is not as with Redis.
"use strict";
const assert = require("assert");
const fs = require("fs");
const { createClient } = require("redis");

async function main(host, port) {
	const client = await createClient({ url: `redis://${host}:${port}` }).connect();
	await Promise.all(Array.from({ length: 300 }, () => client.incr("node:n")));
	assert.strictEqual(await client.get("node:n"), "300");
	await client.hSet("node:h", { a: "1", b: "x" });
	assert.deepStrictEqual({ ...(await client.hGetAll("node:h")) }, { a: "1", b: "x" });
	await client.zAdd("node:z", [{ score: 1, value: "a" }, { score: 2.5, value: "b" }]);
	assert.deepStrictEqual(await client.zRangeWithScores("node:z", 0, -1), [{ value: "a", score: 1 }, { value: "b", score: 2.5 }]);
	assert.deepStrictEqual(await client.multi().set("node:k", "v", { EX: 100 }).get("node:k").exec(), ["OK", "v"]);
	const found = [];
	for await (const key of client.scanIterator({ MATCH: "node:*" })) found.push(key);
	assert.strictEqual(found.length, 4);
	await assert.rejects(client.incr("node:h"), /WRONGTYPE/);
	await assert.rejects(client.executeIsolated(async (isolated) => {
		await isolated.watch("node:k");
		await client.set("node:k", "changed");
		return isolated.multi().set("node:k", "lost").exec();
	}), /watched/i);
	const listener = await client.duplicate().connect();
	let heard;
	const message = new Promise((resolve) => { heard = resolve; });
	await listener.subscribe("node:news", heard);
	await client.publish("node:news", "hello");
	assert.strictEqual(await message, "hello");
	const secure = await createClient({ url: `rediss://${host}:${process.env.TLS_PORT}/0`, socket: { ca: fs.readFileSync(process.env.CA) } }).connect();
	assert.strictEqual(await secure.get("node:k"), "changed");
	await secure.disconnect();
	await listener.disconnect();
	await client.quit();
}

main(process.argv[2], process.argv[3]).catch((error) => { console.error(error); process.exit(1); });
