// Measures one workload with aws-local-stepfunctions and prints its units of work a second.
//
//   node peer.mjs FOLDER_WITH_NODE_MODULES FOLDER_OF_WORKLOADS NAME
//
// As with ours, the definition is compiled and the input read beforehand, and every execution's events are read and kept.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { workloads } from './workloads.mjs';

const [folder, inputs, name] = process.argv.slice(2);
const { StateMachine } = createRequire(path.join(folder, 'peer.cjs'))('aws-local-stepfunctions');
const { units } = workloads.find((w) => w.name === name);

const text = (file) => readFileSync(path.join(inputs, file), 'utf8');
const file = name.slice(0, 2).toLowerCase();
const overrides = { taskResourceLocalHandlers: { T: ({ i }) => ({ i: i + 1 }) } };

async function execute(machine, input) {
  const run = machine.run(input, { overrides });
  const history = [];
  const reading = (async () => {
    for await (const event of run.eventLogs) history.push(event);
  })();
  await run.result;
  await reading;
  if (history.at(-1)?.type !== 'ExecutionSucceeded') throw new Error(`${name}: the execution has not succeeded`);
}

let once;
if (name === 'W5') {
  const definition = text('w5.json');
  once = () => new StateMachine(JSON.parse(definition));
} else {
  const machine = new StateMachine(JSON.parse(text(`${file}.json`)));
  const input = JSON.parse(text(`${file}.input.json`));
  const many = name === 'W2x1000' ? units : 1;
  once = () => (many === 1 ? execute(machine, input) : Promise.all(Array.from({ length: many }, () => execute(machine, input))));
}

const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const [warm, measured] = [0.5, 1];
for (const end = seconds() + warm; seconds() < end; ) await once();
let done = 0;
const begin = seconds();
do {
  await once();
  done += units;
} while (seconds() < begin + measured);
console.log(done / (seconds() - begin));
