package org.llava4j.data.synthetic;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.llava4j.data.Sha256;

/**
 * Rendered and encoded image.
 *
 * @param extension "png" or "jpg"
 * @param bytes content of the file
 * @param pixelHash SHA-256 of the rendered pixels, in hexadecimal
 */
record EncodedImage(String extension, byte[] bytes, String pixelHash) {
    private static final int SMALLEST_PX = 64;
    private static final int LARGEST_PX = 96;
    private static final float JPEG_QUALITY = 0.92f;

    /** Renders the scene at a random size; half of the images are PNG, the others JPEG. */
    static EncodedImage of(Scene scene, SplittableRandom random) {
        Canvas canvas = new Canvas(SMALLEST_PX + random.nextInt(LARGEST_PX - SMALLEST_PX + 1), random);
        scene.render(canvas);
        BufferedImage image = canvas.finish();
        String extension = random.nextBoolean() ? "png" : "jpg";
        try {
            return new EncodedImage(extension, encode(image, extension), hash(image));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot encode an image in memory", e);
        }
    }

    private static byte[] encode(BufferedImage image, String extension) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName(extension).next();
        ImageWriteParam settings = writer.getDefaultWriteParam();
        if (extension.equals("jpg")) {
            settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            settings.setCompressionQuality(JPEG_QUALITY);
        }
        // Not ImageIO.createImageOutputStream, which creates a temporary file.
        try (ImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(output);
            writer.write(null, new IIOImage(image, null, null), settings);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static String hash(BufferedImage image) {
        int[] rgb = Canvas.pixels(image);
        ByteBuffer pixels = ByteBuffer.allocate(Integer.BYTES * rgb.length);
        pixels.asIntBuffer().put(rgb);
        return new Sha256().add(pixels).hex();
    }
}
