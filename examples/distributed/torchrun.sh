#!/bin/bash
# Trains with torchrun, of the PyTorch that is installed. On one machine:
#   examples/distributed/torchrun.sh photos --val-split 0.2
# On two, the same command on each, where both see the same folder:
#   NODES=2 HEAD=host1:29400 examples/distributed/torchrun.sh photos --val-split 0.2 --resume runs/photos
# PROCESSES says how many each machine has; gpu is one for each GPU. With --resume FOLDER the processes that torchrun starts anew after a
# failure go on from the last checkpoint, and the first time the folder is made.
set -euo pipefail

exec torchrun --no-python \
  --nnodes "${NODES:-1}" \
  --nproc-per-node "${PROCESSES:-gpu}" \
  --rdzv-backend c10d \
  --rdzv-endpoint "${HEAD:-localhost:0}" \
  --max-restarts "${RESTARTS:-3}" \
  npx resnet-ft train "$@"
