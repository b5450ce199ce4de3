package org.llava4j.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.llava4j.testing.ModelFolders;

/** ScienceQA folder for tests: four problems of the split {@code train}, two of them with an image. */
public final class TinyScienceQa {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TinyScienceQa() {}

    public static Path write(Path folder) throws IOException {
        Files.createDirectory(folder);
        ObjectNode problems = JSON.createObjectNode();
        ObjectNode splits = JSON.createObjectNode();
        ArrayNode ids = splits.putArray("train");
        for (int i = 1; i <= 4; i++) {
            ids.add("" + i);
            ObjectNode problem = problems.putObject("" + i);
            problem.put("question", "Which is it?")
                    .putArray("choices")
                    .add("this")
                    .add("that");
            problem.put("answer", i % 2)
                    .put("hint", "")
                    .put("task", "closed choice")
                    .put("grade", "grade2");
            problem.put("subject", "natural science")
                    .put("topic", "t")
                    .put("category", "c")
                    .put("skill", "s");
            problem.put("lecture", "").put("solution", "").put("split", "train");
            problem.put("image", i > 2 ? "image.png" : null);
            if (i > 2) {
                Path image = folder.resolve("images/train/" + i + "/image.png");
                Files.createDirectories(image.getParent());
                Files.copy(ModelFolders.IMAGES.resolve("rgb_64x48.png"), image);
            }
        }
        JSON.writeValue(folder.resolve("problems.json").toFile(), problems);
        JSON.writeValue(folder.resolve("pid_splits.json").toFile(), splits);
        return folder;
    }
}
