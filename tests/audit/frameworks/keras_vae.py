"""A VAE in Keras 3 on the torch backend, trained on MNIST and exported to ONNX with the names that Keras gives."""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import mnist
import numpy as np
from keras import layers, ops

LATENTS = 8


class Sampling(layers.Layer):
    """z from mean and log-variance; adds the KL to the loss."""

    def call(self, given):  # type: ignore[no-untyped-def]
        """Draw."""
        mean, log_var = given
        kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - 1 - log_var, axis=-1)
        self.add_loss(ops.mean(kl))
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean))


def main() -> None:
    """Train, cut before the sampling, and export."""
    given = mnist.arguments()
    keras.utils.set_random_seed(0)
    data = mnist.load(given.mnist, given.rows, (28, 28, 1))
    x = keras.Input((28, 28, 1))
    h = layers.Dense(256, activation="relu")(layers.Flatten()(x))
    mean, log_var = layers.Dense(LATENTS, name="z_mean")(h), layers.Dense(LATENTS, name="z_log_var")(h)
    z = keras.Input((LATENTS,))
    out = layers.Dense(784, activation="sigmoid")(layers.Dense(256, activation="relu")(z))
    decoder = keras.Model(z, layers.Reshape((28, 28, 1))(out))
    vae = keras.Model(x, decoder(Sampling()([mean, log_var])))

    def loss(true, predicted):  # type: ignore[no-untyped-def]
        return 784 * ops.mean(keras.losses.binary_crossentropy(true, predicted), axis=(1, 2))

    vae.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
    images = data["train"][0]
    vae.fit(images, images, batch_size=128, epochs=given.epochs, verbose=0)
    encoder = keras.Model(x, [mean, log_var])
    mnist.save(data, given.out)
    for model, example, name in (
        (encoder, np.zeros((2, 28, 28, 1), "float32"), "encoder.onnx"),
        (decoder, np.zeros((2, LATENTS), "float32"), "decoder.onnx"),
    ):
        model(example)
        model.export(given.out / name, format="onnx", verbose=False)
    own = [keras.ops.convert_to_numpy(one) for one in encoder(images[:50])]
    recon = keras.ops.convert_to_numpy(decoder(own[0]))
    np.savez(given.out / "own.npz", mean=own[0], log_var=own[1], recon=recon)


if __name__ == "__main__":
    main()
