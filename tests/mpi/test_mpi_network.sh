#!/bin/sh
# Two ranks of Open MPI in network namespaces of their own, joined by a veth pair that is cut in mid-run. Needs root;
# skipped (77) without.
#   test_mpi_network.sh LAT LAUNCHER
. "$(dirname "$0")/../lat/harness.sh"
launcher=$2
"$launcher" --version 2>&1 | grep -q 'Open MPI\|OpenRTE' || exit 77
near=lat$$a
far=lat$$b
trap 'ip netns del $near; ip netns del $far; rm -rf "$scratch"' EXIT
if ! { ip netns add $near && ip netns add $far && ip link add lat$$v type veth peer name lat$$w; } 2>/dev/null; then
  exit 77
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
ip link set lat$$v netns $near
ip link set lat$$w netns $far
ip -n $near addr add 10.77.0.1/24 dev lat$$v
ip -n $far addr add 10.77.0.2/24 dev lat$$w
for end in "$near lat$$v" "$far lat$$w"; do
  # shellcheck disable=SC2086
  set -- $end
  ip -n "$1" link set lo up
  ip -n "$1" link set "$2" up
  # A peer that does not answer is given up after seconds, not minutes.
  ip netns exec "$1" sh -c 'echo 3 >/proc/sys/net/ipv4/tcp_retries2'
done

# In place of ssh: the daemon of the far rank, as on a machine of another name.
cat >far.sh <<END
#!/bin/sh
shift
exec ip netns exec $far unshare -u sh -c "hostname far; \$*"
END
chmod +x far.sh
cat >near.sh <<END
hostname near
exec $launcher --mca plm_rsh_agent $PWD/far.sh --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
  --mca oob_tcp_if_include 10.77.0.0/24 --mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 1 \
  --mca oob_tcp_keepalive_probes 3 --host 10.77.0.1:1,10.77.0.2:1 -n 2 "\$@"
END
mkdir runs
options='--task transpose --size 2 --layers 1 --heads 2 --batch-size 8 --validate-every 0 --threads 1 --precision f32'
two() { # ARGUMENT...
  # shellcheck disable=SC2086
  timeout 100 ip netns exec $near unshare -u sh near.sh "$lat" train $options "$@" </dev/null >out 2>err
}

# The link is cut in mid-run: the job ends by itself, and the last checkpoint is good.
two --width 16 --checkpoint-every 16 --examples 1000000000 --out runs/cut &
job=$!
tries=0
while [ ! -s runs/cut/model.safetensors ] && [ $tries -lt 300 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
sleep 1
ip -n $far link set lat$$w down
wait $job
code=$?
said='lat train whose network is cut'
case $code in
0 | 124) problem "$said: exit $code: $(head -c 600 err)" ;;
esac
# shellcheck disable=SC2086
expect 0 train $options --width 16 --resume --examples 1 --quiet --out runs/cut
total=$(($(sed -n 's/.*: \([0-9]*\) examples in.*/\1/p' out) + 24))
# shellcheck disable=SC2086
expect 0 train $options --width 16 --resume --examples $total --quiet --out runs/cut
# shellcheck disable=SC2086
expect 0 train $options --width 16 --shards 8 --examples $total --quiet --out runs/straight
cmp -s runs/cut/checkpoint.safetensors runs/straight/checkpoint.safetensors || problem "$said: resumed, another checkpoint"
finish
