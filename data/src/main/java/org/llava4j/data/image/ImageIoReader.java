package org.llava4j.data.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import org.jspecify.annotations.Nullable;

/**
 * Runs ImageIO's readers on bytes in memory. The readers are chosen by name, so plug-ins that an application adds do
 * not change the pixels. Metadata is skipped: it is not needed, and its compressed texts and profiles could be
 * decompression bombs.
 */
final class ImageIoReader {
    private static final int MAX_BYTES_PER_PIXEL = 16;
    private static final int MAX_COMPRESSION = 2048;
    private static final String JDK_MODULE = "java.desktop";

    private ImageIoReader() {}

    /** Decodes the first image with the JDK's reader of a format. */
    static BufferedImage read(String format, byte[] bytes, Runnable check) throws IOException {
        return run(jdkReader(format), bytes, check, reader -> reader.read(0));
    }

    /** Decodes the samples of the first image without color conversion, with the JDK's reader of a format. */
    static Raster readRaster(String format, byte[] bytes, Runnable check) throws IOException {
        return run(jdkReader(format), bytes, check, reader -> reader.readRaster(0, null));
    }

    /** Decodes a WebP file with one image. */
    static BufferedImage readWebp(byte[] bytes, Runnable check) throws IOException {
        return run(new WebPImageReaderSpi().createReaderInstance(null), bytes, check, reader -> reader.read(0));
    }

    /** Decodes the first image of a TIFF file. */
    static BufferedImage readTiff(byte[] bytes, Runnable check) throws IOException {
        return run(new TIFFImageReaderSpi().createReaderInstance(null), bytes, check, reader -> reader.read(0));
    }

    /**
     * Length that a file must have so that TwelveMonkeys' readers accept its size in pixels, which is already checked:
     * they refuse images of one color that are compressed to less than a 2048th.
     */
    static int padded(int length, int width, int height) {
        return (int) Math.max(length, (long) width * height * MAX_BYTES_PER_PIXEL / MAX_COMPRESSION + 1);
    }

    private interface Step<T> {
        T run(ImageReader reader) throws IOException;
    }

    private static <T> T run(ImageReader reader, byte[] bytes, Runnable check, Step<T> step) throws IOException {
        List<String> warnings = new ArrayList<>();
        try (ByteArrayImageInput stream = new ByteArrayImageInput(bytes, check)) {
            reader.setInput(stream, true, true);
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            T result = step.run(reader);
            // Other warnings are about stray bytes, which decoders skip and which are common in real data sets.
            if (warnings.stream().anyMatch(w -> w.contains("EOI") || w.startsWith("Premature end"))) {
                throw new TruncatedImageException();
            }
            return result;
        } finally {
            reader.dispose();
        }
    }

    private static ImageReader jdkReader(String format) throws IOException {
        Iterator<ImageReaderSpi> providers =
                IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
        while (providers.hasNext()) {
            ImageReaderSpi provider = providers.next();
            @Nullable String module = provider.getClass().getModule().getName();
            if (JDK_MODULE.equals(module)
                    && Arrays.asList(provider.getFormatNames()).contains(format)) {
                return provider.createReaderInstance(null);
            }
        }
        throw new IllegalStateException("this Java has no reader of " + format);
    }
}
