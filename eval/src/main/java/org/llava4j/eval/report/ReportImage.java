package org.llava4j.eval.report;

import java.nio.file.Path;
import java.util.Base64;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.ImageFormat;

/** An encoded image that is embedded in the report. */
@SuppressWarnings("ArrayRecordComponent") // never compared, and too large for defensive copies
public record ReportImage(String mediaType, byte[] bytes) {

    /**
     * Reads an image file without decoding it.
     *
     * @throws BadInputException if the file cannot be read or has an unsupported format
     */
    public static ReportImage read(Path file) {
        byte[] bytes = ImageBytes.read(file);
        ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            throw new BadInputException(file + " is not a " + ImageFormat.NAMES + "; convert it to one of them");
        }
        return new ReportImage(format.mimeType(), bytes);
    }

    /** As the value of an HTML {@code src}. */
    String dataUri() {
        return "data:" + mediaType + ";base64," + Base64.getEncoder().encodeToString(bytes);
    }
}
