#!/bin/sh
# A run from its start to its picture, on a model that has learned nothing.
. "$(dirname "$0")/harness.sh"

# sample: seeds, streams, positions.
expect 0 sample --task transpose --size 2 --count 3 --seed 7 --json
lines 3
says out '"input":[['
says out '"output":[['
says out '"input_tokens":["V2","V2",'
says out '"output_tokens":["V2","V2",'
cp out three
expect 0 sample --task transpose --size 2 --count 1 --seed 7 --first 2 --json
[ "$(cat out)" = "$(tail -n 1 three)" ] || problem "$said: not the third example"
expect 0 sample --task transpose --size 2 --count 3 --seed 7 --json --threads 1
cmp -s out three || problem "$said: other examples with one thread"
LC_ALL=comma expect 0 sample --task transpose --size 2 --count 3 --seed 7 --json
cmp -s out three || problem "$said: other examples with a decimal comma"
expect 0 sample --task transpose --size 2 --count 3 --seed 8 --json
cmp -s out three && problem "$said: the same examples for another seed"
expect 0 sample --task transpose --size 2 --count 2
says out 'input 2 x 2'
for task in transpose add matvec product eigenvalues eigenvectors inverse syminverse singular-values svd \
  inverse:1,svd:2.5; do
  expect 0 sample --task $task --size 3 --input-encoding fp15 --output-encoding b1999 --json
  lines 1
done
expect 0 sample --task transpose --min-size 1 --max-size 4 --rectangular --count 5 --json
expect 0 sample --task eigenvalues --size 3 --distribution laplace:2,marcenko --noise 0.01 --json
expect 0 sample --task transpose --coefficients gaussian --range 1 --encoding p10 --digits 9 --json

# train: files, refusals, resume.
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --seed 3 --out runs/a
says out 'runs/a: 8 examples in 2 updates'
for file in model.safetensors checkpoint.safetensors log.jsonl; do
  [ -s runs/a/$file ] || problem "no $file"
done
# shellcheck disable=SC2086
expect 2 train --task transpose --size 2 $tiny --seed 3 --out runs/a
says err 'already holds a run'
# shellcheck disable=SC2086
expect 2 train --task transpose --size 2 $tiny --seed 4 --out runs/a --resume
says err 'seed'
# shellcheck disable=SC2086
expect 2 train --task transpose --size 2 $tiny --seed 3 --learning-rate 1 --out runs/a --resume
says err 'learning_rate'
# shellcheck disable=SC2086
expect 2 train --task transpose --size 3 $tiny --seed 3 --out runs/a --resume
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --seed 3 --out runs/a --resume --examples 16 --threads 1 --json
says out '"examples":16,"updates":4'
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --seed 3 --examples 16 --out runs/b
cmp -s runs/a/model.safetensors runs/b/model.safetensors || problem 'a resumed run is another'
# shellcheck disable=SC2086
expect 1 train --task transpose --size 2 $tiny --out runs/none --resume

# --resume --out alone has every option that the run had; limits and intervals may be given anew.
expect 0 train --resume --out runs/b --examples 24 --quiet
says out 'runs/b: 24 examples in 6 updates'
expect 0 train --resume --out runs/b
says out 'runs/b: 24 examples in 6 updates'
says err 'nothing was left to do'
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --seed 3 --examples 24 --out runs/straight
cmp -s runs/b/checkpoint.safetensors runs/straight/checkpoint.safetensors || problem 'resumed alone, it is another'
for different in '--seed 9|trainer.seed 9' '--learning-rate 1|optimizer.learning_rate 1.0' '--size 3|task.rows 3' \
  '--width 32|model.encoder_width 32' '--encoding p10|tokenizer.input_encoding' '--task add|task.name "add"' \
  '--batch-size 5|trainer.batch_size 5'; do
  # shellcheck disable=SC2086
  expect 2 train --resume --out runs/b ${different%|*}
  says err "lat: ${different#*|}"
done
rm runs/b/options.json
expect 0 train --resume --out runs/b --examples 28
echo x >runs/b/options.json
expect 1 train --resume --out runs/b
says err 'options.json: not a JSON object'
expect 2 train --resume
says err '--out DIR is needed'
# shellcheck disable=SC2086
expect 0 train --task eigenvalues:1,syminverse:0.3 --min-size 1 --max-size 2 --seed 18446744073709551615 --optimizer muon \
  --schedule cosine --period 7 $tiny --distribution laplace --structure dense,integer:0.5 --triangle --norm pre \
  --precision f32 --no-best --out runs/many
expect 0 train --resume --out runs/many --examples 16 --quiet
expect 0 train --resume --out runs/many --min-size 1 --task eigenvalues:1,syminverse:0.3 --examples 24 --quiet
expect 2 train --resume --out runs/many --max-size 3
says err 'task.tasks[0].max_size 3'
# the best model, patience, the progress line
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --out runs/patient --validate-every 4 --validate-count 4 --patience 2 \
  --learning-rate 1e-12 --examples 0 --keep 1 --no-quiet
says err 'stopped: 2 validations without a better one'
says out 'best.safetensors: 4 examples'
says err '12 ex, loss '
[ -z "$(tr '\r' '\n' <err | grep -v '^lat:' | grep '.\{61\}')" ] || problem 'a progress line of more than 60 columns'
[ -s runs/patient/best.safetensors ] || problem 'no best.safetensors'
[ -s runs/patient/checkpoint-0000000000000012.safetensors ] || problem 'no kept checkpoint'
expect 0 eval runs/patient/checkpoint.safetensors --count 4 --json

# train --from: the model's task and architecture, its parameters to begin with.
expect 0 train --from runs/a/model.safetensors --examples 8 --learning-rate 1e-12 --threads 1 --out runs/from --json
expect 1 train --from runs/none/model.safetensors --out runs/from-none
echo x >file
# shellcheck disable=SC2086
expect 1 train --task transpose --size 2 $tiny --out file/run
says err 'lat: file: '
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --out runs/c --examples 0 --minutes 0.001
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --out runs/d --validate-every 4 --validate-count 4 --until-exact 100
says err 'a limit was reached before the goal'
says out 'exact: 0.0 %'

# Every option of the model, the optimizer and the trainer.
expect 0 train --task svd --size 2 --encoding fp15 --output-encoding fp15 --digits 3 --quiet \
  --encoder-layers 2 --decoder-layers 1 --encoder-width 24 --decoder-width 16 --encoder-heads 3 \
  --decoder-heads 2 --encoder-loops 2 --decoder-loops 1 --ffn-factor 2 --norm pre --activation gelu \
  --positions sinusoidal --no-tied --matrix-positions --factored --factored-head --cross-query-from-input \
  --max-positions 40 --fourier --dropout 0.1 --model-seed 5 --optimizer muon --learning-rate 1e-3 \
  --schedule cosine --warmup 2 --period 10 --period-multiplier 2 --shrink 0.5 --floor 0.1 --beta1 0.8 \
  --beta2 0.9 --epsilon 1e-6 --weight-decay 0.01 --muon-learning-rate 0.01 --muon-momentum 0.9 \
  --clip-norm 1 --ema-decay 0.9 --batch-size 2 --accumulation 2 --repeat-count 10 --repeat-share 0.5 --sign-bias 0.1 --validate-every 8 \
  --validate-count 2 --checkpoint-every 4 --report-every 1 --examples 8 --precision f32 --threads 1 \
  --verbose --out runs/all
expect 0 info runs/all/model.safetensors --json
for said_option in '"encoder_layers":2' '"decoder_width":16' '"norm":1' '"activation":1' '"positions":1' \
  '"tied":0' '"matrix_positions":1' '"factored":1' '"factored_head":1' '"cross_query_from_input":1' '"max_positions":40' \
  '"init":1' '"seed":5' '"rule":"muon"' '"warmup":2' '"accumulation":2' '"repeat_count":10' '"sign_bias":0.1' '"ema_decay":0.9'; do
  says out "$said_option"
done

# Sizes, spectra and tasks that change over a run.
# shellcheck disable=SC2086
expect 0 train --task eigenvalues:1,syminverse:2 --min-size 1 --max-size 2 $tiny --size-weights '1@0;2@6' \
  --target-spread 3 --target-spread-examples 8 --distribution-weights 'laplace,uniform:2' --task-weights 'eigenvalues;syminverse@8' --out runs/weights
expect 0 info runs/weights/model.safetensors --json
says out '"size_weights":"1@0;2@6"'
says out '"target_spread":3.0'
expect 0 sample --task transpose --min-size 1 --max-size 3 --size-weights '3@0;1@2' --count 3 --json
says out '"input":[['
expect 2 sample --task transpose --size 3 --size-weights 3
says err 'size_weights: the sizes of task'

# eval.
model=runs/a/model.safetensors
expect 0 eval $model --count 20 --json --quiet
lines 1
for key in '"count":20' '"accuracy":{"0.05":' '"0.02":' '"0.01":' '"0.005":' '"exact":' '"well_formed":' \
  '"examples_per_second":'; do
  says out "$key"
done
expect 0 eval $model --count 20 --ceiling --norm max --accept-trailing --method beam --beam-width 2
says out '% correct within'
says out 'ceiling'
expect 0 eval $model --count 20 --method sample --temperature 0.5 --decode-seed 3 --json
expect 0 eval $model --count 10 --size 1
expect 0 eval $model --count 10 --min-size 1 --max-size 2 --json
says out '"label":"'
expect 1 eval $model --count 10 --size 9
expect 2 eval $model --count 0
expect 2 eval $model --beam-width 0 --method beam
expect 2 eval $model --distribution nothing
expect 1 eval no-such.safetensors
says err 'no-such.safetensors'
# shellcheck disable=SC2086
expect 0 train --task inverse --size 2 $tiny --out runs/inverse
expect 0 eval runs/inverse/model.safetensors --count 10 --classic-inverse
says out 'ceiling'
# shellcheck disable=SC2086
expect 0 train --task transpose:1,eigenvalues:3 --size 2 $tiny --out runs/mixture
expect 0 eval runs/mixture/model.safetensors --count 30 --json
says out '"label":"transpose"'
says out '"label":"eigenvalues"'
expect 0 eval runs/mixture/model.safetensors --count 10 --distribution positive --json
expect 0 eval runs/mixture/model.safetensors --count 10 --task eigenvalues --distribution positive --json
says out '"count":10'
grep -q '"label":"transpose"' out && problem 'a task was evaluated that was not asked for'
expect 0 eval runs/mixture/model.safetensors --count 10 --task transpose --min-size 1 --max-size 2 --rectangular --json
expect 2 eval runs/mixture/model.safetensors --count 10 --task svd
says err "the model has no task 'svd'; it has transpose eigenvalues"

# solve: exit codes and output.
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $taught --out runs/taught
expect 0 eval runs/taught/model.safetensors --count 20 --grammar --json
says out '"well_formed":100.0'
expect 0 eval runs/taught/model.safetensors --count 20 --max-tokens 5 --json
says out '"well_formed":0.0'
model=runs/taught/model.safetensors
printf '1 2\n3 4\n' >matrix
printf '1.2345 2\n3 4\n' >finer-than-three-digits
expect 1 solve $model finer-than-three-digits --tolerance 1e-9
says err 'NOT right within'
lines 2
expect 0 solve $model matrix --tolerance 1e9
says err 'within the tolerance'
expect 0 solve $model matrix --tolerance 1e9 --json --no-scaling
for key in '"output":[[' '"residual":' '"verdict":"within"' '"tolerance":1000000000.0'; do
  says out "$key"
done
expect 1 solve $model matrix --json --max-tokens 3 --no-grammar
says out '"verdict":"undecodable"'
says out '"output":null'
expect 1 solve $model matrix --max-tokens 3 --no-grammar
silent out
says err 'undecodable'
printf '1e300 2\n3 4\n' >without-tokens
expect 1 solve $model without-tokens --no-scaling -o not-written.npy
[ ! -e not-written.npy ] || problem 'zeros were written for an answer'
expect 2 solve $model matrix --tolerance -1
expect 2 solve $model matrix --task eigenvalues
expect 1 solve runs/mixture/model.safetensors matrix --task transpose
expect 2 solve runs/mixture/model.safetensors matrix --task svd
says err 'svd'
expect 2 solve runs/mixture/model.safetensors matrix
says err '--task NAME is needed: transpose eigenvalues'
expect 1 solve no-such.safetensors matrix

# A run's folder, and its checkpoint, where a model is expected.
expect 0 solve runs/taught matrix --tolerance 1e9
expect 0 eval runs/taught --count 8 --json
expect 0 info runs/taught/checkpoint.safetensors --json
expect 0 train --from runs/taught --out runs/again --examples 8 --batch-size 8 --quiet
mkdir runs/nothing
expect 1 eval runs/nothing
says err 'runs/nothing/model.safetensors: cannot open'

# Several problems in one call, numbers that read back, and a .npy file.
printf '1 2\n3 4\n\n0.1 5\n6 7\n\n8 9\n1 2\n' >three
expect 0 solve $model three --tolerance 1e9
lines 8
says err 'problem 3: residual'
expect 0 solve $model three --tolerance 1e9 --json
lines 3
grep -q '"output":[^a-z]*0000000' out && problem "$said: a number has more digits than it needs"
expect 0 solve $model three --tolerance 1e9 -o answers.npy
silent out
expect 0 solve $model answers.npy --tolerance 1e9
lines 8
expect 2 solve $model three -o answers.txt
says err 'answers are written to FILE.npy'
printf '1 2\n3 4\n\n1 2 3\n' >unlike
expect 1 solve $model unlike --tolerance 1e9
says err 'problem 2 of 2 could not be solved'

# Predictions leave a file alone until they are whole, and show all operands.
printf old >predictions
expect 1 eval $model --count 8 --size 9 --predictions predictions
says predictions old
# shellcheck disable=SC2086
expect 0 train --task linear-system --size 2 $tiny --out runs/system
expect 0 eval runs/system --count 4 --predictions predictions --json
says out '"standard_error":{"0.05":'
grep -q '"inputs":\[\[\[[^a-z]*\]\],\[\[' predictions || problem 'predictions lack the second operand'
grep -q '"targets":\[\[\[' predictions || problem 'predictions lack targets'
[ ! -e predictions.tmp ] || problem 'a temporary file was left'

# Files that are no models.
head -c 100 $model >cut.safetensors
printf '\377\377\377\377\377\377\377\177{}' >large.safetensors
: >empty.safetensors
cp matrix text.safetensors
for file in cut large empty text; do
  for command in eval solve info; do
    expect 1 $command $file.safetensors
    says err "$file.safetensors"
  done
done

# info, bench, plot.
expect 0 info
says out 'kernels'
expect 0 info --json
says out '"kernels":'
expect 0 info $model
says out 'encoder_width=32'
says out 'norm=post activation=relu positions=learned tied=yes'
says out 'optimizer  rule=adam'
expect 0 info runs/mixture
says out 'task       name=eigenvalues'
expect 0 info $model --verbose
says out 'encoder.embeddings.weight'
expect 0 bench --task transpose --size 2 --layers 1 --width 16 --heads 2 --repeats 1 --seconds 0.01 --json
lines 1
for key in preset precision threads batch_size train_examples_per_second decode_examples_per_second \
  decode_latency_ms sample_examples_per_second model_gflops gemm_ceiling_gflops raw_ceiling_gflops \
  utilization; do
  says out "\"$key\":"
done
grep -q 'null\|":0\(\.0\)\?[,}]' out && problem "$said: a figure is missing"
expect 0 bench --task transpose --size 2 --layers 1 --width 16 --heads 2 --repeats 2 --seconds 0.01
says out 'examples/s'
says out 'the instruction alone'
expect 0 bench --task transpose --size 2 --layers 1 --width 16 --heads 2 --batch-size 3 --no-decoding --repeats 1 \
  --seconds 0.01 --json
says out '"batch_size":3,'
says out '"decode_examples_per_second":null,"decode_latency_ms":null'
grep -q 'muon_gflops' out && problem "$said: Muon without Muon"
expect 0 bench --task transpose --size 2 --layers 1 --width 16 --heads 2 --optimizer muon --no-decoding --repeats 1 \
  --seconds 0.01 --json
grep -q '"muon_gflops":[0-9.e-]*}' out || problem "$said: no figure of Muon's own products"
expect 0 bench --task transpose --size 2 --layers 1 --width 16 --heads 2 --batch-size 3 --no-decoding --repeats 1 \
  --seconds 0.01
grep -q '^decoding' out && problem "$said: decoding was measured"
if command -v gnuplot >/dev/null; then
  expect 0 plot runs/d -o curves.svg
  says curves.svg '<svg'
  expect 0 plot runs/a --output curves-a.svg
  expect 0 plot runs/a runs/d runs/patient --log --title "Three runs, it's said" -o three.svg
  says three.svg 'runs/patient, within 5 %'
  says three.svg "it's said"
  mkdir runs/long # numbers of the axis are of few digits, and a run that is never exact has no such curve
  for examples in 600000 1200000; do
    echo "{\"examples\":$examples,\"loss\":1,\"accuracy\":50,\"exact\":0}"
  done >runs/long/log.jsonl
  expect 0 plot runs/long -o long.svg
  says long.svg 'millions of examples'
  grep -q '>exact<' long.svg && problem "$said: a curve of nothing"
  expect 2 plot runs/a -o three.pdf
  says err 'FILE.svg or FILE.png'
  expect 1 plot runs/a -o no/such/folder.svg
  ln -s target.svg link.svg
  expect 0 plot runs/a -o link.svg
  says target.svg '<svg'
  [ -L link.svg ] || problem 'a link was replaced by a picture'
  expect 0 plot runs/a -o /dev/stdout
  says out '<svg'
fi
PATH=/nonexistent expect 1 plot runs/a -o absent.svg
says err 'gnuplot is not installed'
[ ! -e absent.svg ] || problem 'an empty picture was left'
printf old >old.svg
PATH=/nonexistent expect 1 plot runs/a -o old.svg
says old.svg old
mkfifo pipe
PATH=/nonexistent expect 1 plot runs/a -o pipe
[ -p pipe ] || problem 'a pipe was removed'
expect 1 plot runs/none -o none.svg
mkdir broken
printf '{"examples":1}\nx\n' >broken/log.jsonl
expect 1 plot broken -o none.svg
says err 'broken/log.jsonl:2:'
: >broken/log.jsonl
expect 1 plot broken -o none.svg
says err 'no lines yet'

# Standard output that cannot be written.
if [ -w /dev/full ]; then
  "$lat" sample --task transpose --count 1000 --json >/dev/full 2>err
  [ $? -eq 1 ] || problem 'a full disk went unnoticed'
fi

# A limit on file sizes ends no process: what would exceed it is an error, and nothing is lost.
(
  ulimit -f 8
  # shellcheck disable=SC2086
  expect 1 train --task transpose --size 2 $tiny --out small
  says err 'limit on file sizes'
  [ ! -e small/model.safetensors ] || problem 'a model that the limit forbids is there'
  "$lat" sample --task transpose --count 1000 --json >cut 2>err
  [ $? -eq 1 ] || problem 'standard output at the limit went unnoticed'
  says err 'standard output could not be written'
  [ $failures -eq 0 ]
) || problem 'a limit on file sizes'

finish
