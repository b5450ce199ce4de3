package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.JsonInput;
import org.llava4j.data.tensors.SafetensorsFile;
import org.llava4j.data.tensors.SafetensorsWriter;
import org.llava4j.data.tensors.TensorFolder;
import org.llava4j.data.tensors.TensorStore;
import org.llava4j.model.Golden;
import org.llava4j.model.Llava;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Shared fixtures and assertions of the tests of model folders. */
final class FolderTests {
    static final Path TOWER = Golden.path("a_clip56");

    private FolderTests() {}

    /**
     * A LLaMA with a vocabulary of 1000 tokens: the decoder from which the reference training of {@code f_e2e} started.
     */
    static Path llama(Path folder) {
        try {
            Files.createDirectories(folder);
            for (String name : new String[] {"config.json", "tokenizer_config.json", "special_tokens_map.json"}) {
                Files.copy(Golden.path("f_e2e/base_llm").resolve(name), folder.resolve(name));
            }
            Files.copy(Golden.path("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(Golden.path("f_e2e/stage1_init.safetensors"))) {
            for (String name : file.tensors().keySet()) {
                if (!name.startsWith(Llava.TOWER_PREFIX) && !name.startsWith("model.mm_projector.")) {
                    tensors.put(name, file.read(name));
                }
            }
        }
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
        return folder;
    }

    /** Ties the LM head of a LLaMA folder to its token embeddings and stores only the table. */
    static void tie(Path llama) {
        change(llama, config(llama).put("tie_word_embeddings", true));
        Map<String, INDArray> tensors = read(llama);
        tensors.remove("lm_head.weight");
        SafetensorsWriter.write(llama.resolve("model.safetensors"), tensors);
    }

    static ObjectNode config(Path folder) {
        return (ObjectNode) JsonInput.readObject(folder.resolve("config.json"));
    }

    static void change(Path folder, ObjectNode config) {
        try {
            Files.writeString(folder.resolve("config.json"), config.toPrettyString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Map<String, INDArray> read(Path fileOrFolder) {
        Map<String, INDArray> tensors = new TreeMap<>();
        try (TensorStore store = TensorFolder.open(fileOrFolder)) {
            store.tensors().keySet().forEach(name -> tensors.put(name, store.read(name)));
        }
        return tensors;
    }

    /** All files except the manifest, which records the source of each tensor. */
    static Map<String, byte[]> files(Path folder) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String name = folder.relativize(file).toString();
                if (!name.equals(AtomicFolder.MARKER)) {
                    files.put(name, Files.readAllBytes(file));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return files;
    }

    static void assertSameFiles(Path one, Path other) {
        Map<String, byte[]> a = files(one);
        Map<String, byte[]> b = files(other);
        assertThat(a.keySet()).isEqualTo(b.keySet());
        a.forEach((name, bytes) -> assertThat(b.get(name)).as(name).isEqualTo(bytes));
    }

    /** Asserts that a folder has no output and no unfinished files. */
    static void assertEmpty(Path folder) {
        assertThat(folder).isEmptyDirectory();
    }
}
