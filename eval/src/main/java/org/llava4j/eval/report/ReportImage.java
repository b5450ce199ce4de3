package org.llava4j.eval.report;

import java.nio.file.Path;
import java.util.Base64;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageBytes;

/** An encoded image that is embedded in the report. */
@SuppressWarnings("ArrayRecordComponent") // never compared, and too large for defensive copies
public record ReportImage(String mediaType, byte[] bytes) {

    /**
     * Reads an image file without decoding it.
     *
     * @throws BadInputException if the file cannot be read or is neither PNG nor JPEG
     */
    public static ReportImage read(Path file) {
        byte[] bytes = ImageBytes.read(file);
        if (bytes.length > 2 && (bytes[0] & 0xff) == 0x89 && bytes[1] == 'P') {
            return new ReportImage("image/png", bytes);
        }
        if (bytes.length > 2 && (bytes[0] & 0xff) == 0xff && (bytes[1] & 0xff) == 0xd8) {
            return new ReportImage("image/jpeg", bytes);
        }
        throw new BadInputException(file + " is neither PNG nor JPEG; convert it to one of them");
    }

    /** As the value of an HTML {@code src}. */
    String dataUri() {
        return "data:" + mediaType + ";base64," + Base64.getEncoder().encodeToString(bytes);
    }
}
