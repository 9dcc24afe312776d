package dev.troupe.deploy;

import dev.troupe.deploy.cli.TroupeCommand;

/** The entry point of every Troupe process. */
public final class Main {
    private Main() {}

    /**
     * Runs a command and exits with its code: 0 done, 1 an error of ours, 2 an error of the user's that was explained.
     */
    public static void main(String[] args) {
        System.exit(TroupeCommand.run(args));
    }
}
