// Runs our benchmarks and the peer's in turn and prints both figures and their ratio: medians over all rounds. A ratio is
// that of two runs right after each other, since machines get faster and slower.
//
//   node compare.mjs FOLDER_WITH_NODE_MODULES FOLDER_OF_TEST_BINARIES FOLDER_OF_WORKLOADS ROUNDS WHICH
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { workloads } from './workloads.mjs';

const [folder, binaries, inputs, roundsText, which] = process.argv.slice(2);
const rounds = Number(roundsText);
const chosen = workloads.filter((w) => new RegExp(which).test(w.name));
if (!(rounds >= 1) || chosen.length === 0) throw new Error(`nothing to measure: ${roundsText} rounds of ${which}`);

function ours(w) {
  const pattern = w.benchmark.split('/').map((part) => `^${part}$`).join('/');
  const out = execFileSync(path.join(binaries, w.package), ['-test.run', '^$', '-test.bench', pattern, '-test.benchtime', '1s'], {
    encoding: 'utf8',
    env: { ...process.env, SIGNALBOX_BENCH: inputs },
  });
  const figure = out.match(new RegExp(`([0-9.e+]+) ${w.unit}`));
  if (!figure) throw new Error(`${w.benchmark} gave no ${w.unit}:\n${out}`);
  return Number(figure[1]);
}

function theirs({ name }) {
  const script = fileURLToPath(new URL('peer.mjs', import.meta.url));
  return Number(execFileSync(process.execPath, [script, folder, inputs, name], { encoding: 'utf8' }));
}

function median(list) {
  const sorted = list.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

const figures = new Map(chosen.map((w) => [w, { ours: [], theirs: [], ratios: [] }]));
for (let round = 1; round <= rounds; round++) {
  for (const w of chosen) {
    process.stderr.write(`\rround ${round} of ${rounds}: ${w.name.padEnd(8)}`);
    const [a, b] = [ours(w), theirs(w)];
    const f = figures.get(w);
    f.ours.push(a);
    f.theirs.push(b);
    f.ratios.push(a / b);
  }
}
process.stderr.write('\r'.padEnd(40) + '\r');

const number = (n) => (n < 100 ? n.toFixed(1) : Math.round(n).toLocaleString('en'));
const widths = [-8, -18, -14, 11, 10, 8, 16, 8];
const cell = (text, width) => (width < 0 ? text.padEnd(-width) : text.padStart(width));
const row = (...cells) => console.log(cells.map((text, i) => cell(text, widths[i])).join(''));
console.log(`signalbox against aws-local-stepfunctions on Node ${process.version}, history on, medians of ${rounds} rounds`);
row('', '', '', 'ours', 'theirs', 'ratio', 'least to most', 'wanted');
const below = [];
for (const [w, f] of figures) {
  const ratio = median(f.ratios);
  const spread = `${number(Math.min(...f.ratios))} to ${number(Math.max(...f.ratios))}`;
  row(w.name, w.what, w.unit, number(median(f.ours)), number(median(f.theirs)), number(ratio), spread, `≥ ${w.wanted}`);
  if (ratio < w.wanted) below.push(w.name);
}
console.log(below.length === 0 ? 'every ratio is as wanted' : `below what is wanted: ${below.join(', ')}`);
