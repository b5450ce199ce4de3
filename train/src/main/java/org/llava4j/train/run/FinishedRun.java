package org.llava4j.train.run;

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
 * Output of an earlier run, with the identity that it recorded.
 *
 * @param output its folder
 * @param identity identity of the run that wrote it
 */
record FinishedRun(Path output, Fingerprint identity) {

    /** Whether a folder holds the output of a run. */
    static boolean isIn(Path output) {
        return Files.isRegularFile(output.resolve(RunReport.FILE));
    }

    /**
     * Reads the identity that an output recorded.
     *
     * @throws BadInputException if the output is broken, or was written by a version that recorded less
     */
    static FinishedRun read(Path output) {
        JsonNode recorded = JsonInput.readObject(output.resolve(RunReport.FILE)).path("identity");
        if (!recorded.isObject()) {
            throw new BadInputException(
                    output + " was written by an older version, which did not record everything that the output"
                            + " depends on; choose another output folder, or remove it");
        }
        Fingerprint.Builder identity = new Fingerprint.Builder();
        recorded.properties()
                .forEach(value -> identity.add(value.getKey(), value.getValue().asText()));
        return new FinishedRun(output, RunIdentity.current(identity.build()));
    }

    /**
     * Compares it with a new run.
     *
     * @param compared selects the names of the values to compare
     * @throws BadInputException if they differ: the existing output is not overwritten
     */
    void requireSameRun(Fingerprint now, Predicate<String> compared) {
        List<String> differences = identity.differences(now, compared);
        if (!differences.isEmpty()) {
            throw new BadInputException(output + " holds the output of another run: "
                    + Fingerprint.summarize(differences) + "; choose another output folder, or remove it");
        }
    }

    /**
     * Verifies the hashes of its files.
     *
     * @throws BadInputException if a file is missing or changed
     */
    void requireIntact() {
        ModelManifest manifest = ModelManifest.read(output);
        if (manifest == null) {
            throw new BadInputException(output + " has no file manifest; remove it");
        }
        List<String> damage = manifest.changedFiles(output);
        if (!damage.isEmpty()) {
            throw new BadInputException(output + " has changed since the run wrote it: " + Fingerprint.summarize(damage)
                    + "; remove it to train the stage again");
        }
    }
}
