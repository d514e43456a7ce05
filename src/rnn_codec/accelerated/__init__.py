"""Trains on an accelerator for a given time, with nothing in the way of the matrix products.

    photographs ─► pack ─► pixels on the device ─► crops ─┐
                                                          ├─► step, captured as one graph ─► weights
    resolved configuration ─► codec, optimizer, schedule ─┘

The pictures lie on the device, where crops are cut, mirrored and shrunk; a whole step (unroll,
gradients, optimizer, average) is recorded once for each number of iterations and replayed; the
processor reads nothing back but the mean loss, now and then.

It needs torch, numpy, pillow, pyyaml and safetensors: neither Hydra nor Lightning, so that it runs
where little is installed. `python src/train.py … --cfg job --resolve > run.yaml` writes the
configuration, `python src/pack_photographs.py` the pictures, `python -m rnn_codec.accelerated`
trains; what it leaves is a run folder like any other.
"""
