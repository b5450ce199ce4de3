package org.llava4j.model.tensors.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.llava4j.model.tensors.TorchFile;

/** Builder of zips, like those of torch.save and others. */
public final class TorchZip {
    private final Map<String, byte[]> entries = new LinkedHashMap<>();
    private int method = ZipEntry.STORED;

    public static TorchZip of(byte[] pickle) {
        return new TorchZip().with("root/data.pkl", pickle);
    }

    public TorchZip with(String name, byte[] content) {
        entries.put(name, content);
        return this;
    }

    public TorchZip with(String name, String content) {
        return with(name, content.getBytes(StandardCharsets.US_ASCII));
    }

    public TorchZip compressed() {
        method = ZipEntry.DEFLATED;
        return this;
    }

    public byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> content : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(content.getKey());
                entry.setMethod(method);
                CRC32 crc = new CRC32();
                crc.update(content.getValue());
                entry.setCrc(crc.getValue());
                entry.setSize(content.getValue().length);
                zip.putNextEntry(entry);
                zip.write(content.getValue());
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Writes a handcrafted checkpoint with these storages. */
    public static Path write(Path folder, byte[] pickle, byte[]... storages) throws IOException {
        TorchZip zip = of(pickle);
        for (int i = 0; i < storages.length; i++) {
            zip.with("root/data/" + i, storages[i]);
        }
        return Files.write(Files.createTempFile(folder, "case", ".bin"), zip.bytes());
    }

    /** Copies a file written by PyTorch. */
    public static Path copy(String name, Path folder) throws IOException {
        try (InputStream in = TorchFile.class.getResourceAsStream(name)) {
            return Files.write(folder.resolve(name), in.readAllBytes());
        }
    }
}
