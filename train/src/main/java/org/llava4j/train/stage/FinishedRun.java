package org.llava4j.train.stage;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.JsonInput;
import org.llava4j.model.folder.ModelManifest;

/**
 * The output of a stage that is there already, known by the identity that it records.
 *
 * @param output its folder
 * @param identity of the run that wrote it
 */
record FinishedRun(Path output, Fingerprint identity) {

    /** Whether a folder holds the output of a run. */
    static boolean isIn(Path output) {
        return Files.isRegularFile(output.resolve(RunReport.FILE));
    }

    /**
     * Reads what an output records of itself.
     *
     * @throws BadInputException if it is broken, or of an older version
     */
    static FinishedRun read(Path output) {
        JsonNode recorded = JsonInput.readObject(output.resolve(RunReport.FILE)).path("identity");
        if (!recorded.isObject()) {
            throw new BadInputException(output + " is the output of an older version, which did not record all that it"
                    + " depends on; choose another output folder, or remove that one");
        }
        Fingerprint.Builder identity = new Fingerprint.Builder();
        recorded.properties()
                .forEach(value -> identity.add(value.getKey(), value.getValue().asText()));
        return new FinishedRun(output, identity.build());
    }

    /**
     * Holds it against the run that would be done.
     *
     * @param compared names of the values that count
     * @throws BadInputException if it is the output of another run, which must not be lost
     */
    void requireSameRun(Fingerprint now, Predicate<String> compared) {
        List<String> differences = identity.differences(now, compared);
        if (!differences.isEmpty()) {
            throw new BadInputException(output + " holds the output of another run: "
                    + Fingerprint.summarize(differences) + "; choose another output folder, or remove that one");
        }
    }

    /** Verifies its files by their hashes. @throws BadInputException if one is not what was written */
    void requireIntact() {
        List<String> damage = ModelManifest.read(output)
                .orElseThrow(() -> new BadInputException(output + " has no manifest of its files; remove it"))
                .changedFiles(output);
        if (!damage.isEmpty()) {
            throw new BadInputException(output + " is not as the run wrote it: " + Fingerprint.summarize(damage)
                    + "; remove it, and the stage is trained again");
        }
    }
}
