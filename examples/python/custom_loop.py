"""A training loop of one's own that ends with the parameters of lat.train(), bit for bit: the trainer draws
stream 0 of its seed, sums the gradients of a batch, and takes a step.

Half-way the loop stops and goes on from a checkpoint of its own.

    python3 custom_loop.py [UPDATES [FOLDER]]     300, the current one
"""

import os
import sys

import lat

BATCH, RATE = 32, 1e-3


def create_model():
    return lat.Model(lat.Task("add", rows=2), encoder_width=64, encoder_heads=4, decoder_width=64, decoder_heads=4)


def updates_until(last, model, optimizer):
    """The loop: updates from where the optimizer stands until there are `last` of them."""
    sampler, gradients = lat.Sampler(model.task, model.tokenizer), lat.Gradients(model)
    sampler.seek(optimizer.updates * BATCH)
    batch = None
    while optimizer.updates < last:
        batch = sampler.next(BATCH, batch)
        total = gradients.accumulate(model, batch)
        loss = total.loss / total.tokens
        optimizer.step(model, gradients, total)
        if optimizer.updates % 50 == 0 or optimizer.updates == last:
            print(f"update {optimizer.updates}: loss {loss:.4f} a token, gradient norm {optimizer.gradient_norm:.3f}")


def main(updates=300, folder="."):
    updates, checkpoint = int(updates), os.path.join(folder, "custom_loop.safetensors")
    model = create_model()
    optimizer = lat.Optimizer(model, learning_rate=RATE)
    updates_until(updates // 2, model, optimizer)
    optimizer.save(model, checkpoint)

    model = create_model()  # as another process would
    optimizer = lat.Optimizer(model, learning_rate=RATE)
    optimizer.load(model, checkpoint)
    updates_until(updates, model, optimizer)

    trained = create_model()
    lat.train(trained, dict(learning_rate=RATE), batch_size=BATCH, max_examples=updates * BATCH, validate_every=0)
    same = model.parameters == trained.parameters
    print(f"{model.parameter_count} parameters:", "those of lat.train()" if same else "not those of lat.train()")
    return 0 if same else 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except lat.Error as error:
        sys.exit(f"{error.name}: {error}")
