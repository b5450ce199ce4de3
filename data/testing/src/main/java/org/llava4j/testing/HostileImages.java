package org.llava4j.testing;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;

/** Small files of images that would take a long time to decode. */
public final class HostileImages {
    private HostileImages() {}

    /**
     * A progressive JPEG whose last scan is repeated.
     *
     * @param side width and height, in pixels
     */
    public static byte[] progressiveJpeg(int side, int repeated) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        parameters.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        try (var stream = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(stream);
            BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_3BYTE_BGR);
            writer.write(null, new IIOImage(image, null, null), parameters);
        } finally {
            writer.dispose();
        }
        byte[] jpeg = bytes.toByteArray();
        int scan = lastScan(jpeg);
        ByteArrayOutputStream longer = new ByteArrayOutputStream();
        longer.write(jpeg, 0, scan);
        for (int i = 0; i <= repeated; i++) {
            longer.write(jpeg, scan, jpeg.length - 2 - scan);
        }
        longer.write(jpeg, jpeg.length - 2, 2);
        return longer.toByteArray();
    }

    private static int lastScan(byte[] jpeg) {
        int at = jpeg.length - 2;
        while ((jpeg[at] & 0xff) != 0xff || (jpeg[at + 1] & 0xff) != 0xda) {
            at--;
        }
        return at;
    }
}
