package org.llava4j.model.folder;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.FileManifest;
import org.llava4j.data.FileManifest.FileDigest;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;

/**
 * Manifest of a written model folder, {@code llava4j.json}.
 *
 * @param wrote {@link CheckpointWriter#KIND} or {@link Delta#KIND}
 * @param library version of LLaVA4J that wrote the folder
 * @param layout tensor naming
 * @param template conversation template; null if the model was not trained with one
 * @param stage last training stage; null if there is none
 * @param base hash of the base model's weights ({@link AdapterFiles#baseHash}): of a delta or an adapter, the model that
 *     it belongs to; of a quantized model, the one that was quantized; else null
 * @param sources source file and tensor of each variable, or {@code fresh} if newly initialized
 * @param files size and hash of every other file of the folder, by relative path
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ModelManifest(
        String wrote,
        String library,
        String layout,
        @Nullable String template,
        @Nullable String stage,
        @Nullable String base,
        SortedMap<String, String> sources,
        SortedMap<String, FileDigest> files) {

    /**
     * Manifest entries other than the files.
     *
     * @param kind {@link #wrote}
     */
    public record Provenance(
            String kind,
            String layout,
            @Nullable String template,
            @Nullable String stage,
            @Nullable String base,
            SortedMap<String, String> sources) {}

    /** Hashes all files of a folder and writes the manifest, as the last step before the commit. */
    public static void write(Path folder, Provenance provenance) {
        ModelManifest manifest = new ModelManifest(
                provenance.kind(),
                version(),
                provenance.layout(),
                provenance.template(),
                provenance.stage(),
                provenance.base(),
                provenance.sources(),
                FileManifest.scan(folder).files());
        AtomicFile.writeString(folder.resolve(AtomicFolder.MARKER), JsonInput.write(manifest));
    }

    /**
     * Reads the manifest of a folder.
     *
     * @return the manifest, or null if the folder has none
     */
    public static @Nullable ModelManifest read(Path folder) {
        Path file = folder.resolve(AtomicFolder.MARKER);
        boolean hasManifest =
                Files.isRegularFile(file) && JsonInput.readObject(file).has("files");
        return hasManifest ? JsonInput.read(file, ModelManifest.class) : null;
    }

    /** The last training stage in the manifest of a folder; null if it has none. */
    static @Nullable String readStage(Path folder) {
        ModelManifest manifest = read(folder);
        return manifest == null ? null : manifest.stage();
    }

    /** The base's hash in the manifest of a folder; null if it has none. */
    static @Nullable String readBase(Path folder) {
        ModelManifest manifest = read(folder);
        return manifest == null ? null : manifest.base();
    }

    /**
     * Differences between a folder and its manifest: one line for each changed, missing or additional file. Reads all
     * files.
     */
    public List<String> differences(Path folder) {
        return new FileManifest(files).differences(folder);
    }

    /** As {@link #differences}, without additional files. */
    public List<String> changedFiles(Path folder) {
        return new FileManifest(files).changedFiles(folder);
    }

    /** One hash of the names and contents of all files of a folder, or the hash of a GGUF file. Reads all files. */
    public static String hash(Path folder) {
        if (Files.isRegularFile(folder)) {
            return Sha256.of(folder);
        }
        Sha256 hash = new Sha256();
        FileManifest.scan(folder).files().forEach((name, mark) -> {
            if (!name.endsWith("/")) {
                hash.add(name + "\n" + mark.sha256() + "\n");
            }
        });
        return hash.hex();
    }

    /** The version of this library. */
    public static String version() {
        try (InputStream in = ModelManifest.class.getResourceAsStream("library.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
