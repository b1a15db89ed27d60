// An application that queues by BullMQ: bullmq_jobs.js work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
// Of its jobs some are delayed, some have a priority, some fail the first time, some kill their worker, and some are parents (flows). Beside them there are jobs of a scheduler, and a queue with a rate limit.
// More lines in NOTES: "child PARENT", "early JOB" (a delayed one that ran too soon), "repeated DC ID", "limited JOB MILLISECONDS", "seen DC JOB" (an event said that it is completed), "result JOB".
"use strict";
const fs = require("fs");
const { Queue, QueueEvents, Worker, FlowProducer } = require("bullmq");

const [role, host, port, dc, notes, count] = process.argv.slice(2);
const own = process.env.QUEUES === "own";
const names = own ? ["eu-jobs", "us-jobs"] : ["all-jobs"];
const limitedName = own ? `${dc}-limited` : "all-limited";
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const hasFlows = process.env.FLOWS !== "0";
const REPEATS = 5, LIMITED = 8, DELAY = 500;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const note = (...words) => fs.appendFileSync(notes, words.join(" ") + "\n");
const isNoted = (...words) => fs.readFileSync(notes, "utf8").split("\n").includes(words.join(" "));
const say = (each) => each.on("error", (error) => console.error(error.message));

async function workOn(job) {
	const id = job.data.job;
	if (job.name === "child") return note("child", id);
	if (job.name === "repeated") return note("repeated", id, job.id);
	if (job.data.kills && !isNoted("killed", id)) {
		note("killed", id);
		process.kill(process.pid, "SIGKILL");
	}
	await sleep(20);
	if (job.data.fails && job.attemptsMade === 0) throw new Error("fails the first time");
	if (Date.now() < job.timestamp + (job.opts.delay || 0)) note("early", id);
	note("done", id, dc);
	return `${id} at ${dc}`;
}

function work() {
	const settings = { connection, concurrency: 1, lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 20 };
	const workers = [
		new Worker(own ? `${dc}-jobs` : "all-jobs", workOn, settings),
		new Worker(limitedName, async (job) => note("limited", job.data.job, job.processedOn), { ...settings, limiter: { max: 2, duration: 1000 } }),
	];
	workers.forEach(say);
	process.on("SIGTERM", () => Promise.all(workers.map((worker) => worker.close())).then(() => process.exit(0)));
}

// Sends until it is answered. Every job has an id, so none is there twice.
async function sent(job, send) {
	for (;;)
		try {
			return await send();
		} catch (error) {
			note("unanswered", job);
			console.error(job, error.message);
			await sleep(200);
		}
}

function optionsOf(number, jobId) {
	const options = { jobId, attempts: 5, backoff: { type: "fixed", delay: 200 } };
	if (number % 5 === 4) options.delay = DELAY;
	if (number % 6 === 1) options.priority = 1 + number % 3;
	return options;
}

function oneOf(number) {
	const job = `${dc}-${number}`;
	return { name: "wanted", data: { job, fails: number % 11 === 5, kills: number % 25 === 10 }, opts: optionsOf(number, job) };
}

const childrenOf = (job, queueName) => [0, 1].map((child) => ({ name: "child", data: { job }, opts: { jobId: `${job}.${child}`, attempts: 5 }, queueName }));

async function produce() {
	const queues = names.map((name) => new Queue(name, { connection }));
	const events = names.map((name) => new QueueEvents(name, { connection, lastEventId: "0-0" }));
	const flows = new FlowProducer({ connection }), limited = new Queue(limitedName, { connection });
	[...queues, ...events, flows, limited].forEach(say);
	events.forEach((each) => each.on("completed", ({ jobId }) => note("seen", dc, jobId)));
	await sent("scheduler", () => queues[own && dc === "us" ? 1 : 0].upsertJobScheduler(`each-second-${dc}`, { every: 1000, limit: REPEATS }, { name: "repeated", data: { job: dc }, opts: { attempts: 5 } }));
	for (let number = 0; number < LIMITED; number++)
		await sent("limited", () => limited.add("limited", { job: `${dc}-${number}` }, { jobId: `limited-${dc}-${number}`, attempts: 5 }));
	let last;
	for (let number = 0; number < Number(count); number++) {
		const one = oneOf(number), job = one.data.job, place = number % queues.length;
		last = await sent(job, () => hasFlows && number % 7 === 3
			? flows.add({ ...one, queueName: names[place], children: childrenOf(job, names[place]) }).then((made) => made.job)
			: queues[place].add(one.name, one.data, one.opts));
		note("produced", job);
		await sleep(20);
	}
	await sent("last", () => last.waitUntilFinished(events[(Number(count) - 1) % queues.length], 60000).then((result) => note("result", result)));
	while (!isNoted("enough")) await sleep(100);
	process.exit(0);
}

role === "work" ? work() : produce().catch((error) => { console.error(error); process.exit(1); });
