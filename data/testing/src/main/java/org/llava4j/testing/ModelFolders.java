package org.llava4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Model folders for tests, and the files of a folder. */
public final class ModelFolders {
    /** A CLIP vision tower. */
    public static final Path TOWER = Golden.path("a_clip56");

    /** A folder of images. */
    public static final Path IMAGES = Golden.path("d_preproc");

    private ModelFolders() {}

    /**
     * A LLaMA with a vocabulary of 1000 tokens: the decoder from which the reference training of {@code f_e2e} started.
     */
    public static Path llama(Path folder) {
        try {
            Files.createDirectories(folder);
            for (String name : new String[] {"config.json", "tokenizer_config.json", "special_tokens_map.json"}) {
                Files.copy(Golden.path("f_e2e/base_llm").resolve(name), folder.resolve(name));
            }
            Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, INDArray> tensors = Golden.tensors("f_e2e/stage1_init.safetensors");
        tensors.keySet()
                .removeIf(name -> name.startsWith("model.vision_tower.") || name.startsWith("model.mm_projector."));
        Safetensors.write(folder.resolve("model.safetensors"), tensors);
        return folder;
    }

    /** All files of a folder by name, without the manifest, which records the source of each tensor. */
    public static Map<String, byte[]> files(Path folder) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String name = folder.relativize(file).toString();
                if (!name.equals("llava4j.json")) {
                    files.put(name, Files.readAllBytes(file));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }
}
