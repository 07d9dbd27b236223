#!/usr/bin/env bash
# What one loan of a machine with a GPU is for, in at most eight minutes: doctor, parity with PyTorch's figures, the contract of a
# backend, and the benchmark against PyTorch; into one JSON and one table. bench/README.md tells how.
exec node "$(dirname "${BASH_SOURCE[0]}")/gpu/run.js" "$@"
