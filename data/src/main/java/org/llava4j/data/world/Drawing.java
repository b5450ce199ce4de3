package org.llava4j.data.world;

import java.util.Optional;

/** A question with the scene it is about; text-only questions have none. */
record Drawing(Optional<Scene> scene, Question question) {

    static Drawing of(Scene scene, Question question) {
        return new Drawing(Optional.of(scene), question);
    }

    static Drawing textOnly(Question question) {
        return new Drawing(Optional.empty(), question);
    }
}
