# Completion of lat's command line in fish: lat itself knows its commands, options and models.
complete -c lat -a '(lat complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
