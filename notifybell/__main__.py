from notifybell.cli import main

main()
