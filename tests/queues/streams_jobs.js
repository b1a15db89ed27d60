// An application that reads streams by ioredis: streams_jobs.js work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
// Without a group every reader reads every entry, and keeps for itself where it is. STREAM: the stream of all; otherwise each datacenter writes one of its own, and everybody reads them all.
// GROUP: a consumer group; then each entry is given to one reader, and the group is made at both datacenters.
"use strict";
const fs = require("fs");
const Redis = require("ioredis");

const [role, host, port, dc, notes, count] = process.argv.slice(2);
const { STREAM, GROUP } = process.env;
const streams = STREAM ? [STREAM] : ["eu-jobs", "us-jobs"];
const mine = STREAM || `${dc}-jobs`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const note = (...words) => fs.appendFileSync(notes, words.join(" ") + "\n");
// A command whose connection breaks before the answer fails, and is not sent again by itself.
const client = new Redis({ host, port: Number(port), maxRetriesPerRequest: 0 });
client.on("error", (error) => console.error(error.message));

async function answered(job, ask) {
	for (;;)
		try {
			return await ask();
		} catch (error) {
			if (/BUSYGROUP/.test(error.message)) return null;
			if (job) note("unanswered", job);
			console.error(job, error.message);
			await sleep(200);
		}
}

async function readAll() {
	const last = Object.fromEntries(streams.map((stream) => [stream, "0-0"]));
	for (;;) {
		const found = await answered(null, () => client.xread("BLOCK", 1000, "STREAMS", ...streams, ...streams.map((stream) => last[stream])));
		for (const [stream, entries] of found || [])
			for (const [id, [, job]] of entries) {
				last[stream] = id;
				note("done", job, dc);
			}
	}
}

async function workOn(stream, [id, fields]) {
	if (!fields) return;
	await sleep(20);
	note("done", fields[1], dc);
	await answered(null, () => client.xack(stream, GROUP, id));
}

// What a reader had in hand when its connection broke is claimed once nobody has looked at it for five seconds.
async function readGroup() {
	const me = `${dc}${process.pid}`;
	for (const stream of streams) await answered(null, () => client.xgroup("CREATE", stream, GROUP, "0", "MKSTREAM"));
	for (;;) {
		const found = await answered(null, () => client.xreadgroup("GROUP", GROUP, me, "COUNT", 1, "BLOCK", 1000, "STREAMS", ...streams, ...streams.map(() => ">")));
		for (const [stream, entries] of found || []) for (const entry of entries) await workOn(stream, entry);
		for (const stream of found ? [] : streams) {
			const [, entries] = await answered(null, () => client.xautoclaim(stream, GROUP, me, 5000, "0-0", "COUNT", 10));
			for (const entry of entries) await workOn(stream, entry);
		}
	}
}

async function produce() {
	for (let number = 0; number < Number(count); number++) {
		const job = `${dc}-${number}`;
		await answered(job, () => client.xadd(mine, "*", "job", job));
		note("produced", job);
		await sleep(20);
	}
	process.exit(0);
}

role === "produce" ? produce() : GROUP ? readGroup() : readAll();
