#!/bin/bash
# Trains with torchrun, of the PyTorch that is installed. On one machine:
#   examples/distributed/torchrun.sh photos --val-split 0.2
# On two, the same command on each, which both need the images:
#   NODES=2 HEAD=host1:29400 examples/distributed/torchrun.sh photos --val-split 0.2
# PROCESSES says how many each machine has; gpu is one for each GPU. Processes that torchrun starts anew after a failure go on from the last
# checkpoint.
set -euo pipefail

exec torchrun --no-python \
  --nnodes "${NODES:-1}" \
  --nproc-per-node "${PROCESSES:-gpu}" \
  --rdzv-backend c10d \
  --rdzv-endpoint "${HEAD:-localhost:0}" \
  --max-restarts "${RESTARTS:-3}" \
  npx resnet-ft train "$@"
