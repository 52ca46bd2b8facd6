# SPDX-License-Identifier: BSD-3-Clause
"""What tools/bench measures with: one file a concept, one a peer."""
