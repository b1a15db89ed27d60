// An application that queues by BullMQ: bullmq_jobs.js work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
// Every fifth job is delayed by half a second, every seventh is the parent of two others (a flow), and one is repeated each second, five times.
"use strict";
const fs = require("fs");
const { Queue, Worker, FlowProducer } = require("bullmq");

const [role, host, port, dc, notes, count] = process.argv.slice(2);
const own = process.env.QUEUES === "own";
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const note = (...words) => fs.appendFileSync(notes, words.join(" ") + "\n");

function work() {
	const worker = new Worker(own ? `${dc}-jobs` : "all-jobs", async (job) => {
		await sleep(20);
		note(job.name === "wanted" ? "done" : job.name, job.data.job, dc);
	}, { connection, concurrency: 1, lockDuration: 5000, stalledInterval: 2000, maxStalledCount: 20 });
	worker.on("error", (error) => console.error(error.message));
	process.on("SIGTERM", () => worker.close().then(() => process.exit(0)));
}

async function produce() {
	const names = own ? ["eu-jobs", "us-jobs"] : ["all-jobs"];
	const queues = names.map((name) => new Queue(name, { connection }));
	const flows = new FlowProducer({ connection });
	for (const each of [...queues, flows]) each.on("error", (error) => console.error(error.message));
	await queues[0].upsertJobScheduler(`each-second-${dc}`, { every: 1000, limit: 5 }, { name: "repeated", data: { job: dc } });
	for (let number = 0; number < Number(count); number++) {
		const job = `${dc}-${number}`, place = number % queues.length;
		const one = { name: "wanted", data: { job }, opts: { jobId: job, attempts: 5 } };
		if (number % 7 === 3)
			await flows.add({ ...one, queueName: names[place], children: [0, 1].map((child) => ({ name: "child", data: { job: `${job}.${child}` }, queueName: names[place] })) });
		else
			await queues[place].add(one.name, one.data, number % 5 === 4 ? { ...one.opts, delay: 500 } : one.opts);
		note("produced", job);
		await sleep(20);
	}
	process.exit(0);
}

role === "work" ? work() : produce().catch((error) => { console.error(error); process.exit(1); });
