package org.llava4j.model.folder;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.llava4j.data.JsonInput;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.tensors.TensorFolder;
import org.llava4j.model.tensors.TensorStore;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Shared fixtures and assertions of the tests of model folders. */
final class FolderTests {
    static final Path TOWER = Golden.path("a_clip56");

    private FolderTests() {}

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

    static void assertSameFiles(Path one, Path other) {
        Map<String, byte[]> a = ModelFolders.files(one);
        Map<String, byte[]> b = ModelFolders.files(other);
        assertThat(a.keySet()).isEqualTo(b.keySet());
        a.forEach((name, bytes) -> assertThat(b.get(name)).as(name).isEqualTo(bytes));
    }
}
