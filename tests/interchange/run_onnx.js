// Runs the graphs of export_onnx.py in ONNX Runtime. Request on standard input, answer on standard output, both JSON:
// the encoder, the decoder on a whole target, and the decoder with a cache, one token at a time and then greedily.
const ort = require('onnxruntime-node');
const request = JSON.parse(require('fs').readFileSync(0, 'utf8'));

const integers = rows => new ort.Tensor('int64', BigInt64Array.from(rows.flat().map(BigInt)), [rows.length, rows[0].length]);
const places = (side, from, to) => side.rows === undefined ? {} : {
  rows: integers(side.rows.map(row => row.slice(from, to))), cols: integers(side.cols.map(row => row.slice(from, to)))};
const cross = outputs => Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith('cross.')));

async function open(name) {
  return ort.InferenceSession.create(`${request.folder}/${name}.onnx`,
    {intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential'});
}

// A cache without tokens.
function nothing(step, batch, heads, size) {
  const names = step.inputNames.filter(name => name.startsWith('past.'));
  return Object.fromEntries(names.map(name => [name, new ort.Tensor('float32', new Float32Array(0), [batch, heads, 0, size])]));
}

function largest(logits) {
  const [batch, , symbols] = logits.dims;
  return [...Array(batch).keys()].map(b => {
    const row = logits.data.slice(b * symbols, (b + 1) * symbols);
    return row.indexOf(Math.max(...row));
  });
}

async function steps(step, keys, count, tokensAt) {
  const batch = request.target.tokens.length, found = [];
  let cache = nothing(step, batch, request.heads, request.size);
  for (let t = 0; t < count; ++t) {
    const outputs = await step.run({tokens: integers(tokensAt(t, found)), ...places(request.target, t, t + 1), ...keys, ...cache});
    found.push(outputs.logits);
    cache = Object.fromEntries(Object.keys(cache).map(name => [name, outputs[name.replace('past', 'present')]]));
  }
  return found;
}

async function main() {
  const [encoder, decoder, step] = await Promise.all(['encoder', 'decoder', 'decoder_step'].map(open));
  const seen = await encoder.run({tokens: integers(request.source.tokens), ...places(request.source)});
  const target = request.target, count = target.tokens[0].length;
  const whole = await decoder.run({tokens: integers(target.tokens), ...places(target), memory: seen.memory});
  const forced = await steps(step, cross(seen), count, t => target.tokens.map(row => [row[t]]));
  const greedy = await steps(step, cross(seen), count,
    (t, found) => t === 0 ? target.tokens.map(() => [0]) : largest(found[t - 1]).map(token => [token]));
  console.log(JSON.stringify({whole: Array.from(whole.logits.data), steps: forced.map(l => Array.from(l.data)),
    greedy: greedy.map(largest)}));
}

main().catch(error => { console.error(error.message); process.exit(1); });
